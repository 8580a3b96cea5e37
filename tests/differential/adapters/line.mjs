import { validateSignature } from '@line/bot-sdk';

export default {
  id: 'line',
  sdk: '@line/bot-sdk',
  verify: ({ body, headers, secret }) => validateSignature(body, secret, headers['x-line-signature']),
};
