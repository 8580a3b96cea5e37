import { validateWebhook } from 'replicate';

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('replicate', 'replicate', ({ text, headers, secret }) => validateWebhook({ headers, body: text }, secret).then((good) => {
  if (!good) throw new Error('invalid');
}));
