import twilio from 'twilio';

const publicUrl = 'https://hooks.example.com/twilio?foo=1&bar=2';
const fields = (text) => Object.fromEntries(new URLSearchParams(text));

export default {
  id: 'twilio',
  sdk: 'twilio',
  publicUrl,
  forms: true,
  sign: ({ text, secret }) => ({
    url: publicUrl,
    headers: [['x-twilio-signature', twilio.getExpectedTwilioSignature(secret, publicUrl, fields(text))]],
  }),
  verify: ({ text, headers, url, secret }) => twilio.validateRequest(secret, headers['x-twilio-signature'], url, fields(text)),
};
