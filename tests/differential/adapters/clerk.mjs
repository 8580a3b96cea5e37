import { verifyWebhook } from '@clerk/backend/webhooks';

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('clerk', '@clerk/backend', ({ text, headers, secret }) => 
  verifyWebhook(new Request('https://example.com/', { method: 'POST', headers, body: text }), { signingSecret: secret }));
