// One adapter, tried: its SDK signs and we verify, we sign and its SDK verifies, then the damaged requests.

import { FORM_BODIES, JSON_BODIES, ODD_BODIES, TEXT_SECRETS, damages } from './cases.mjs';
import * as tool from './tool.mjs';

const TIMES = [
  ['4 minutes old', -240],
  ['an hour old', -3600],
  ['4 hours old', -14400],
  ['a minute ahead', 60],
  ['an hour ahead', 3600],
];

export async function trial(adapter, now) {
  const keys = (adapter.secrets ?? TEXT_SECRETS).map((key) => (typeof key === 'string' ? { secret: key, signing: key } : key));
  const bodies = adapter.forms ? { ...FORM_BODIES } : { ...JSON_BODIES, ...ODD_BODIES };
  for (const [name, body] of Object.entries(adapter.moreBodies ?? {})) bodies[name] = body;

  const requests = [];
  const note = (kind, name, request, key, refuse) => requests.push({ kind, name, request, key, refuse });
  let cannotSign;
  let number = 0;
  for (const [name, raw] of Object.entries(bodies)) {
    const shaped = adapter.shape ? adapter.shape(raw, name, now) : raw;
    if (shaped === null) continue;
    const body = Buffer.from(shaped);
    const key = keys[number++ % keys.length];
    // An SDK that signs text signs other bytes than these.
    if (adapter.sign && name !== 'not_utf8') {
      const request = await theirs(adapter, body, key, now).catch((error) => ({ error }));
      if (request.error) note('they cannot sign', name, { error: request.error.message }, key);
      else note('they sign', name, request, key);
    }
    const request = ours(adapter, body, key, now);
    if (request.error) cannotSign = request.error;
    else note('we sign', name, request, key);
  }

  // The damage is done to one request for each key.
  for (const [index, key] of keys.entries()) {
    const text = adapter.forms ? FORM_BODIES.fields : JSON_BODIES.event;
    const sample = adapter.moreBodies ? Object.values(adapter.moreBodies)[0] : text;
    const body = Buffer.from(adapter.shape ? adapter.shape(sample, 'event', now) : sample);
    const make = async (key, at, body) => {
      const made = ours(adapter, body, key, at);
      return made.error && adapter.sign ? theirs(adapter, body, key, at).catch((error) => ({ error: error.message })) : made;
    };
    const genuine = await make(key, now, body);
    if (genuine.error) continue;
    const other = keys.length > 1 ? keys[(index + 1) % keys.length] : adapter.otherKey;
    if (other) {
      const forged = await make(other, now, body);
      note('damaged', 'another secret', forged, key, true);
      const signatures = genuine.headers.filter(([n, v]) => forged.headers.some(([m, w]) => n === m && v !== w)).map(([n]) => n.toLowerCase());
      for (const { name, request, refuse } of damages(genuine, adapter.signatureHeaders ?? signatures)) note('damaged', name, request, key, refuse);
    }
    if (index > 0) continue;
    for (const [name, seconds] of TIMES) {
      const shaped = adapter.shape ? Buffer.from(adapter.shape(sample, 'event', now + seconds)) : body;
      const aged = await make(key, now + seconds, shaped);
      if (!aged.error) note('time', name, aged, key);
    }
  }

  return judged(adapter, requests.filter(({ request }) => !request.error), now, {
    cannotSign,
    refusedToSign: requests.filter(({ kind }) => kind === 'they cannot sign'),
  });
}

function ours(adapter, body, key, now) {
  const extraHeaders = adapter.extraHeaders?.({ body, key, now }) ?? [];
  return tool.sign(adapter.id, { body, signingSecret: key.signing, now, publicUrl: adapter.publicUrl, extraHeaders });
}

async function theirs(adapter, body, key, now) {
  const signed = await adapter.sign({ body, text: body.toString(), secret: key.signing, key, now });
  const type = adapter.forms ? 'application/x-www-form-urlencoded' : 'application/json';
  return { method: 'POST', ...signed, headers: [['content-type', type], ...signed.headers], body: signed.body ?? body };
}

async function judged(adapter, requests, now, { cannotSign, refusedToSign }) {
  const lines = requests.map(({ request, key }, index) =>
    tool.captured(adapter.id, index, request, { secret: key.secret, extra: key.extra, now, publicUrl: adapter.publicUrl }));
  const verdicts = lines.length > 0 ? tool.verify(lines) : [];
  const count = { theySign: [0, 0], weSign: [0, 0], damaged: [0, 0], time: [0, 0] };
  const differences = [];
  let tried = 0;
  for (const [index, { kind, name, request, key, refuse }] of requests.entries()) {
    const ourVerdict = verdicts[index].verdict;
    const [theirVerdict, theirReason] = await asked(adapter, request, key, now);
    tried += 1;
    const expected = refuse ? 'reject' : kind === 'they sign' || kind === 'we sign' ? 'accept' : theirVerdict;
    if (kind === 'they sign') add(count.theySign, ourVerdict === 'accept');
    if (kind === 'we sign') add(count.weSign, theirVerdict === 'accept');
    if (kind === 'damaged' && refuse) add(count.damaged, ourVerdict === 'reject');
    if (kind === 'time' || (kind === 'damaged' && !refuse)) add(count.time, ourVerdict === theirVerdict);
    const difference = { kind, name, ours: ourVerdict, ourReason: verdicts[index].reason, theirs: theirVerdict, theirReason };
    if (ourVerdict !== expected || theirVerdict !== expected) differences.push(difference);
  }
  return { count, differences, tried, cannotSign, refusedToSign };
}

function add(pair, good) {
  pair[0] += good ? 1 : 0;
  pair[1] += 1;
}

/** The SDK's verdict; whatever it throws is a refusal. */
async function asked(adapter, request, key, now) {
  const headers = {};
  for (const [name, value] of request.headers) headers[name.toLowerCase()] = value;
  try {
    const accepted = await adapter.verify({
      body: request.body,
      text: request.body.toString(),
      headers,
      method: request.method ?? 'POST',
      url: request.url ?? adapter.publicUrl,
      secret: key.secret,
      key,
      now,
    });
    return [accepted === true ? 'accept' : 'reject', ''];
  } catch (error) {
    return ['reject', String(error?.message ?? error).split('\n')[0].slice(0, 100)];
  }
}
