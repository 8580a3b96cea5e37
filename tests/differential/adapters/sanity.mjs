import { isValidSignature } from '@sanity/webhook';

export default {
  id: 'sanity',
  sdk: '@sanity/webhook',
  verify: ({ text, headers, secret }) => isValidSignature(text, headers['sanity-webhook-signature'], secret),
};
