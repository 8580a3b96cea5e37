import * as PortOne from '@portone/server-sdk';

import { standard } from '../lib/standard_webhooks.mjs';

export default standard('portone', '@portone/server-sdk', ({ text, headers, secret }) => PortOne.Webhook.verify(secret, text, headers));
