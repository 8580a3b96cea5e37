import Box from 'box-node-sdk';

export default {
  id: 'box',
  sdk: 'box-node-sdk',
  // It asks for these, which say nothing that is not fixed.
  extraHeaders: () => [['box-signature-version', '1'], ['box-signature-algorithm', 'HmacSHA256']],
  // The SDK's tolerance is an argument; its default is that of the catalogue.
  verify: ({ text, headers, secret }) => Box.validateWebhookMessage(text, headers, secret),
};
