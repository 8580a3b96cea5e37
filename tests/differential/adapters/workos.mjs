import { WorkOS } from '@workos-inc/node';

const client = new WorkOS('offline');

export default {
  id: 'workos',
  sdk: '@workos-inc/node',
  // The SDK takes the parsed body.
  verify: ({ text, headers, secret }) =>
    client.webhooks.verifyHeader({ payload: JSON.parse(text), sigHeader: headers['workos-signature'], secret }),
};
