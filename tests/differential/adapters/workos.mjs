import { WorkOS } from '@workos-inc/node';

const client = new WorkOS('offline');

export default {
  id: 'workos',
  sdk: '@workos-inc/node',
  sign: async ({ text, secret, now }) => {
    const timestamp = now * 1000;
    const signature = await client.webhooks.computeSignature(timestamp, JSON.parse(text), secret);
    return { headers: [['workos-signature', `t=${timestamp}, v1=${signature}`]], body: Buffer.from(JSON.stringify(JSON.parse(text))) };
  },
  // The SDK takes the parsed body.
  verify: ({ text, headers, secret }) =>
    client.webhooks.verifyHeader({ payload: JSON.parse(text), sigHeader: headers['workos-signature'], secret }),
};
