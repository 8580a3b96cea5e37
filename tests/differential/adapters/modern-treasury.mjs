import ModernTreasury from 'modern-treasury';

const client = new ModernTreasury({ apiKey: 'offline', organizationID: 'offline' });

export default {
  id: 'modern-treasury',
  sdk: 'modern-treasury',
  verify: ({ text, headers, secret }) => client.webhooks.validateSignature(text, headers, { key: secret }),
};
