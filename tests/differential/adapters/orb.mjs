import Orb from 'orb-billing';

const client = new Orb({ apiKey: 'offline' });

export default {
  id: 'orb',
  sdk: 'orb-billing',
  verify: ({ text, headers, secret }) => {
    client.webhooks.verifySignature(text, headers, secret);
    return true;
  },
};
