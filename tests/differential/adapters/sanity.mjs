import { encodeSignatureHeader, isValidSignature } from '@sanity/webhook';

export default {
  id: 'sanity',
  sdk: '@sanity/webhook',
  sign: async ({ text, secret, now }) => ({
    headers: [['sanity-webhook-signature', await encodeSignatureHeader(text, now * 1000, secret)]],
  }),
  verify: ({ text, headers, secret }) => isValidSignature(text, headers['sanity-webhook-signature'], secret),
};
