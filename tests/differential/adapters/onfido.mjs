import { WebhookEventVerifier } from '@onfido/api';

export default {
  id: 'onfido',
  sdk: '@onfido/api',
  verify: ({ body, headers, secret }) => {
    new WebhookEventVerifier(secret).readPayload(body, headers['x-sha2-signature']);
    return true;
  },
};
