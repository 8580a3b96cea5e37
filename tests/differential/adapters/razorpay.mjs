import Razorpay from 'razorpay';

export default {
  id: 'razorpay',
  sdk: 'razorpay',
  verify: ({ text, headers, secret }) => Razorpay.validateWebhookSignature(text, headers['x-razorpay-signature'], secret),
};
