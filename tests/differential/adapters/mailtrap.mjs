import { verifyWebhookSignature } from 'mailtrap';

export default {
  id: 'mailtrap',
  sdk: 'mailtrap',
  verify: ({ body, headers, secret }) => verifyWebhookSignature(body, headers['mailtrap-signature'], secret),
};
