import { WebhookVerificationError, validateEvent } from '@polar-sh/sdk/webhooks';

export default {
  id: 'polar',
  sdk: '@polar-sh/sdk',
  // Behind the signature the SDK reads the event, of which it knows none of ours.
  verify: ({ text, headers, secret }) => {
    try {
      validateEvent(text, headers, secret);
    } catch (error) {
      if (error instanceof WebhookVerificationError) throw error;
    }
    return true;
  },
};
