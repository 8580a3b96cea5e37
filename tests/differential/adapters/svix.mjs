import { Webhook } from 'svix';

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('svix', 'svix', ({ text, headers, secret }) => new Webhook(secret).verify(text, headers), {
  sign: ({ text, secret, now }) => ({
    headers: [
      ['svix-id', 'msg_1'],
      ['svix-timestamp', String(now)],
      ['svix-signature', new Webhook(secret).sign('msg_1', new Date(now * 1000), text)],
    ],
  }),
});
