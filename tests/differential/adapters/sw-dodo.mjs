import DodoPayments from 'dodopayments';

const client = new DodoPayments({ bearerToken: 'offline' });

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('sw-dodo', 'dodopayments', ({ text, headers, secret }) => client.webhooks.unwrap(text, { headers, key: secret }));
