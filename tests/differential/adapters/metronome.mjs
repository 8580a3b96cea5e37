import Metronome from '@metronome/sdk';

const client = new Metronome({ bearerToken: 'offline' });

export default {
  id: 'metronome',
  sdk: '@metronome/sdk',
  verify: ({ text, headers, secret }) => {
    client.webhooks.verifySignature(text, headers, secret);
    return true;
  },
};
