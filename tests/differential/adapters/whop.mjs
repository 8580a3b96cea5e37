import Whop from '@whop/sdk';

const client = new Whop({ apiKey: 'offline' });

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('whop', '@whop/sdk', ({ text, headers, secret }) => client.webhooks.unwrap(text, { headers, key: secret }));
