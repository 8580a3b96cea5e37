import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit';

const publicUrl = 'https://hooks.example.com/contentful?a=1';
const path = '/contentful?a=1';

export default {
  id: 'contentful',
  sdk: '@contentful/node-apps-toolkit',
  publicUrl,
  secrets: ['0123456789abcdef'.repeat(4), 'fedcba9876543210'.repeat(4)],
  sign: ({ text, secret, now }) => {
    const headers = { 'x-contentful-topic': 'ContentManagement.Entry.publish' };
    const signed = signRequest(secret, { method: 'POST', path, headers, body: text }, now * 1000);
    return { headers: Object.entries({ ...headers, ...signed }).map(([name, value]) => [name, String(value)]), url: publicUrl };
  },
  verify: ({ text, headers, secret }) => verifyRequest(secret, { method: 'POST', path, headers, body: text }, 30),
};
