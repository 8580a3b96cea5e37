import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ apiKey: 'offline' });

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('anthropic', '@anthropic-ai/sdk', ({ text, headers, secret }) => client.beta.webhooks.unwrap(text, { headers, key: secret }));
