import coinbase from 'coinbase-commerce-node';

const { Webhook } = coinbase;

export default {
  id: 'coinbase-commerce',
  sdk: 'coinbase-commerce-node',
  sign: ({ text, secret }) => ({ headers: [['x-cc-webhook-signature', Webhook.computeSignature(text, secret)]] }),
  verify: ({ text, headers, secret }) => {
    Webhook.verifySigHeader(text, headers['x-cc-webhook-signature'], secret);
    return true;
  },
};
