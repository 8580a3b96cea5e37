import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'offline' });

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('openai', 'openai', ({ text, headers, secret }) => client.webhooks.verifySignature(text, headers, secret));
