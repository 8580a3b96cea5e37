import { StreamChat } from 'stream-chat';

export default {
  id: 'getstream',
  sdk: 'stream-chat',
  verify: ({ body, headers, secret }) => new StreamChat('offline', secret).verifyWebhook(body, headers['x-signature']),
};
