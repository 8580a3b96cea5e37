import bolt from '@slack/bolt';

export default {
  id: 'slack',
  sdk: '@slack/bolt',
  verify: ({ text, headers, secret }) => {
    const named = { 'x-slack-signature': headers['x-slack-signature'], 'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']) };
    bolt.verifySlackRequest({ signingSecret: secret, body: text, headers: named });
    return true;
  },
};
