import { verifySignature } from 'gocardless-nodejs/webhooks';

export default {
  id: 'gocardless',
  sdk: 'gocardless-nodejs',
  verify: ({ body, headers, secret }) => {
    verifySignature(body, secret, headers['webhook-signature']);
    return true;
  },
};
