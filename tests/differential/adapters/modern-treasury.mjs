import ModernTreasury from 'modern-treasury';

const client = new ModernTreasury({ apiKey: 'offline', organizationID: 'offline' });

export default {
  id: 'modern-treasury',
  sdk: 'modern-treasury',
  sign: ({ text, secret }) => ({ headers: [['x-signature', client.webhooks.getSignature(text, { key: secret })]] }),
  verify: ({ text, headers, secret }) => client.webhooks.validateSignature(text, headers, { key: secret }),
};
