import { sign, verify } from '@octokit/webhooks-methods';

export default {
  id: 'github',
  sdk: '@octokit/webhooks-methods',
  sign: async ({ text, secret }) => ({ headers: [['x-hub-signature-256', await sign(secret, text)]] }),
  verify: ({ text, headers, secret }) => verify(secret, text, headers['x-hub-signature-256']),
};
