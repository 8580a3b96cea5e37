import Finch from '@tryfinch/finch-api';

import { STANDARD_SECRETS } from '../lib/cases.mjs';

const client = new Finch({ accessToken: 'offline' });
const BASE64 = STANDARD_SECRETS.map((key) => (typeof key === 'string' ? key : key.secret)).map((text) => text.replace(/^whsec_/, ''));

export default {
  id: 'finch',
  sdk: '@tryfinch/finch-api',
  secrets: BASE64.filter((text) => Buffer.from(text, 'base64').toString('base64') === text),
  verify: ({ text, headers, secret }) => {
    client.webhooks.unwrap(text, headers, secret);
    return true;
  },
};
