// The known differences, one reason each. A rule names its senders: a new difference elsewhere stays unexplained.

const TEXT_BODY = ['adyen-platform', 'anthropic', 'box', 'cashfree', 'clerk', 'coinbase-commerce', 'contentful', 'finch', 'github', 'hubspot-v1', 'hubspot-v2', 'hubspot-v3', 'imagekit-v1', 'lithic',
  'metronome', 'modern-treasury', 'mux', 'openai', 'orb', 'paddle', 'polar', 'portone', 'razorpay', 'replicate', 'resend', 'sanity', 'slack',
  'square', 'standard-webhooks', 'stripe', 'svix', 'sw-dodo', 'webflow', 'whop'];
const PARSES_JSON = ['anthropic', 'cashfree', 'finch', 'imagekit-v1', 'lithic', 'onfido', 'portone', 'resend', 'standard-webhooks', 'svix', 'sw-dodo', 'whop'];

const RULES = [
  {
    senders: TEXT_BODY,
    when: ({ name, ours, theirs }) => name === 'not_utf8' && ours === 'accept' && theirs === 'reject',
    why: 'The SDK turns the body into text first, so a body that is no UTF-8 is another one for it. We take the bytes as they came.',
  },
  {
    senders: PARSES_JSON,
    when: ({ name, ours, theirs }) => ['byte_order_mark', 'empty', 'not_utf8'].includes(name) && ours === 'accept' && theirs === 'reject',
    why: 'The SDK verifies and then parses JSON in one call; the signature is right, the body is no JSON. We judge the signature only.',
  },
  {
    senders: ['clerk', 'stripe'],
    when: ({ name, ours, theirs }) => name === 'byte_order_mark' && ours === 'accept' && theirs === 'reject',
    why: 'The SDK decodes the bytes with TextDecoder or Request.text(), which drops a byte order mark that was signed. We sign what came.',
  },
  {
    senders: ['clerk', 'github', 'mailtrap', 'replicate', 'sanity'],
    when: ({ name, ours, theirs }) => name === 'empty' && ours === 'accept' && theirs === 'reject',
    why: 'The SDK refuses an empty body before it looks at the signature (Clerk: it reads a member of the event). No such delivery is sent.',
  },
  {
    senders: ['coinbase-commerce', 'contentful', 'getstream', 'github', 'hubspot-v1', 'hubspot-v2', 'imagekit-v1', 'metronome', 'modern-treasury', 'mux', 'orb', 'paddle', 'razorpay', 'slack',
      'stripe', 'webflow', 'workos'],
    when: ({ name, ours, theirs }) => name === 'signature: capitals' && ours === 'accept' && theirs === 'reject',
    why: 'The SDK compares hexadecimal text, we compare the bytes it stands for: capitals are the same MAC, and nobody without the secret can make it.',
  },
  {
    senders: ['adyen-platform', 'box', 'gocardless', 'line', 'onfido', 'openai'],
    when: ({ name, ours, theirs }) => name === 'signature: text after it' && ours === 'reject' && theirs === 'accept',
    why: "Node's Buffer.from(text, 'hex' or 'base64') drops what is no digit, or ends there, so the SDK takes a signature with rubbish behind it. We take one spelling only.",
  },
  {
    senders: ['box', 'contentful', 'hubspot-v3', 'mux', 'paddle', 'slack', 'stripe', 'workos'],
    when: ({ kind, name, ours, theirs }) => kind === 'time' && name.endsWith('ahead') && ours === 'reject' && theirs === 'accept',
    why: 'The SDK checks only that the timestamp is not too old. Our tolerance holds both ways (300 s, 180 s, Box 600 s, Contentful 30 s, Paddle 5 s).',
  },
  {
    senders: ['cashfree', 'imagekit-v1', 'replicate', 'sanity', 'webflow'],
    when: ({ kind, ours, theirs }) => kind === 'time' && ours === 'reject' && theirs === 'accept',
    why: 'The SDK does not check the timestamp that it verifies; that is left to its user. We do.',
  },
  {
    senders: ['workos'],
    when: ({ kind, name, ours, theirs }) =>
      kind === 'we sign' && ours === 'accept' && theirs === 'reject' &&
      ['escaped_unicode', 'escaped_slashes', 'pretty', 'crlf_at_the_end', 'numbers', 'twice_the_same_name', 'byte_order_mark', 'not_utf8', 'empty'].includes(name),
    why: 'The SDK verifies JSON.stringify of the parsed body; whatever that spells otherwise than the sender does not verify there. We take the bytes that were sent.',
  },
  {
    senders: ['workos'],
    when: ({ name, ours, theirs }) => name === 'body: a line end more' && ours === 'reject' && theirs === 'accept',
    why: 'The SDK verifies JSON.stringify of the parsed body, so space around it is not signed for it. For us every byte is.',
  },
];

/** Why the two verdicts differ, where that is known. */
export function explanation({ id }, difference) {
  return RULES.find(({ senders, when }) => senders.includes(id) && when(difference))?.why;
}
