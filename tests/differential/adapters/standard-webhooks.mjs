import { Webhook } from 'standardwebhooks';

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('standard-webhooks', 'standardwebhooks', ({ text, headers, secret }) => new Webhook(secret).verify(text, headers), {
  sign: ({ text, secret, now }) => ({
    headers: [
      ['webhook-id', 'msg_1'],
      ['webhook-timestamp', String(now)],
      ['webhook-signature', new Webhook(secret).sign('msg_1', new Date(now * 1000), text)],
    ],
  }),
});
