import { Paddle } from '@paddle/paddle-node-sdk';

const client = new Paddle('offline');

export default {
  id: 'paddle',
  sdk: '@paddle/paddle-node-sdk',
  verify: ({ text, headers, secret }) => client.webhooks.isSignatureValid(text, secret, headers['paddle-signature']),
};
