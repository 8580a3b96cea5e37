import { Resend } from 'resend';

const client = new Resend('re_offline');

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('resend', 'resend', ({ text, headers, secret }) => client.webhooks.verify({
  payload: text,
  headers: { id: headers['svix-id'], timestamp: headers['svix-timestamp'], signature: headers['svix-signature'] },
  webhookSecret: secret,
}));
