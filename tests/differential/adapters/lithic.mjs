import Lithic from 'lithic';

const client = new Lithic({ apiKey: 'offline' });

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('lithic', 'lithic', ({ text, headers, secret }) => client.webhooks.verifySignature(text, headers, secret));
