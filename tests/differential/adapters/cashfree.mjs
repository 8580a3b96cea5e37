import cashfree from 'cashfree-pg';

const { Cashfree, CFEnvironment } = cashfree;

export default {
  id: 'cashfree',
  sdk: 'cashfree-pg',
  verify: ({ text, headers, secret }) => {
    const client = new Cashfree(CFEnvironment.SANDBOX, 'offline', secret);
    client.PGVerifyWebhookSignature(headers['x-webhook-signature'], text, headers['x-webhook-timestamp']);
    return true;
  },
};
