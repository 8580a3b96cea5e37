import { Client } from 'webflow-api/wrapper/WebhooksClient.js';

export default {
  id: 'webflow',
  sdk: 'webflow-api',
  verify: ({ text, headers, secret }) => Client.prototype.verifySignature({ headers, body: text, secret }),
};
