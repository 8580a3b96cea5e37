import Stripe from 'stripe';

const { webhooks } = new Stripe('sk_test_offline');

export default {
  id: 'stripe',
  sdk: 'stripe',
  sign: ({ text, secret, now }) => ({
    headers: [['stripe-signature', webhooks.generateTestHeaderString({ payload: text, secret, timestamp: now })]],
  }),
  verify: ({ body, headers, secret }) => webhooks.signature.verifyHeader(body, headers['stripe-signature'], secret, 300),
};
