// The bodies, the secrets and the damage: what every sender is tried with.

const MiB = 1024 * 1024;

/** JSON bodies as senders write them, and some that a parser would change. */
export const JSON_BODIES = {
  empty_object: '{}',
  event: '{"id":"evt_1","type":"invoice.paid","data":{"amount":1200,"currency":"eur"}}',
  unicode: '{"id":"evt_2","type":"t","name":"Zoë 世界 😀 \u2028 \u00a0"}',
  escaped_unicode: '{"id":"evt_3","type":"t","name":"Zo\\u00eb \\ud83d\\ude00","html":"\\u003cb\\u003e"}',
  escaped_slashes: '{"id":"evt_4","type":"t","url":"https:\\/\\/example.com\\/a?b=c&d=%20+"}',
  crlf_at_the_end: '{"id":"evt_5","type":"t"}\r\n',
  pretty: '{\n  "id" : "evt_6",\n\t"type": "t",\r\n  "list": [ 1, 2 ]\n}\n',
  numbers: '{"id":"evt_7","type":"t","big":123456789012345678901,"float":1.0,"exp":1E+3,"weight":5}',
  twice_the_same_name: '{"id":"evt_8","type":"t","a":1,"a":2}',
  one_mebibyte: `{"id":"evt_9","type":"t","text":"${'x'.repeat(MiB)}"}`,
};

/** Forms as senders write them. */
export const FORM_BODIES = {
  one_field: 'CallSid=CA1234567890ABCDE',
  fields: 'CallSid=CA1&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212',
  spaces: 'a=x+y%20z&b=1&Body=Hello%2C+world%21',
  unicode: 'Body=Zo%C3%AB+%E4%B8%96%E7%95%8C+%F0%9F%98%80&A=%C3%A9',
  empty_values: 'a=&b=&c=1',
  reversed: 'zz=1&aa=2&MM=3&mm=4',
};

/** Bodies that are no JSON, for SDKs that take bytes or strings as they come. */
export const ODD_BODIES = {
  byte_order_mark: '\ufeff{"id":"evt_10","type":"t"}',
  not_utf8: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x80, 0x22, 0x7d]),
  empty: '',
};

export const TEXT_SECRETS = [
  'a-plain-secret-of-some-length-42',
  "It's a Secret to Everybody",
  'Zoë, 世界: not only ASCII here',
  'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
];

export const STANDARD_SECRETS = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec_' + Buffer.alloc(32, 0xfb).toString('base64'),
  'whsec_' + Buffer.from([...Array(64).keys()]).toString('base64'),
];

export const HEX_SECRETS = [
  '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056',
  '0001020304050607f8f9fafbfcfdfeff0001020304050607f8f9fafbfcfdfeff',
];

/** Puts members into the first object of a JSON text, and leaves the rest of it as it stands. */
export function withMembers(text, members) {
  const inner = JSON.stringify(members).slice(1, -1);
  return text.replace(/\{(\s*\})?/, (all, end) => `{${inner}${end ?? ','}`);
}

/** What is done to a genuine request. `refuse`: both must refuse it. Without it, both verdicts are compared. */
export function damages(request, signatureHeaders) {
  const all = [];
  const add = (name, changed, refuse = false) => all.push({ name, refuse, request: { ...request, ...changed } });
  const { body } = request;
  const flipped = Buffer.from(body);
  if (body.length > 0) {
    flipped[body.length >> 1] ^= 1;
    add('body: one bit', { body: flipped }, true);
    add('body: last byte lost', { body: body.subarray(0, -1) }, true);
  }
  add('body: a letter more', { body: Buffer.concat([body, Buffer.from('x')]) }, true);
  add('body: a line end more', { body: Buffer.concat([body, Buffer.from('\n')]) }, true);
  for (const name of signatureHeaders) {
    const edit = (how) => request.headers.map(([n, v]) => [n, n.toLowerCase() === name ? how(v) : v]);
    const short = signatureHeaders.length > 1 ? `${name}: ` : 'signature: ';
    add(`${short}one letter`, { headers: edit(oneLetter) }, true);
    add(`${short}cut`, { headers: edit((v) => v.slice(0, -4)) }, true);
    add(`${short}empty`, { headers: edit(() => '') }, true);
    add(`${short}missing`, { headers: request.headers.filter(([n]) => n.toLowerCase() !== name) }, true);
    add(`${short}capitals`, { headers: edit(capitals) });
    add(`${short}text after it`, { headers: edit((v) => `${v}zz`) });
  }
  return all;
}

/** Another letter, well before the end: the last ones of base64 may mean nothing. */
function oneLetter(value) {
  const at = Math.max(0, value.length - 8);
  return value.slice(0, at) + (value[at] === 'A' || value[at] === 'a' ? 'b' : 'a') + value.slice(at + 1);
}

/** The last run of hexadecimal digits in capitals. */
function capitals(value) {
  return value.replace(/[0-9a-f]{32,}$/, (hex) => hex.toUpperCase());
}
