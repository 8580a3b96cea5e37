import Mux from '@mux/mux-node';

const client = new Mux({ tokenId: 'offline', tokenSecret: 'offline' });

export default {
  id: 'mux',
  sdk: '@mux/mux-node',
  verify: async ({ text, headers, secret }) => {
    await client.webhooks.verifySignature(text, headers, secret);
    return true;
  },
};
