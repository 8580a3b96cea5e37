import ImageKit from 'imagekit';

const client = new ImageKit({ publicKey: 'offline', privateKey: 'offline', urlEndpoint: 'https://example.com' });

export default {
  id: 'imagekit-v1',
  sdk: 'imagekit',
  verify: ({ text, headers, secret }) => {
    client.verifyWebhookEvent(text, headers['x-ik-signature'], secret);
    return true;
  },
};
