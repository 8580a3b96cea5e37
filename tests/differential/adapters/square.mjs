import { WebhooksHelper } from 'square';

export default {
  id: 'square',
  sdk: 'square',
  publicUrl: 'https://hooks.example.com/square?shop=1',
  verify: ({ text, headers, url, secret }) =>
    WebhooksHelper.verifySignature({
      requestBody: text,
      signatureHeader: headers['x-square-hmacsha256-signature'],
      signatureKey: secret,
      notificationUrl: url,
    }),
};
