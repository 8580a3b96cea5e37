// The tool under test: `tower-webhook sign`, `verify` and `providers`.

import { execFileSync, spawnSync } from 'node:child_process';

const TOOL = process.env.TOWER_WEBHOOK;
if (!TOOL) throw new Error('TOWER_WEBHOOK names the tool: start this with run.sh');

/** The senders that the tool knows, by name. */
export function senders() {
  const rows = JSON.parse(execFileSync(TOOL, ['providers', '--json'], { maxBuffer: 1 << 26 }));
  return new Map(rows.map((row) => [row.id, row]));
}

/** A request that the tool has signed, or the sentence that says why it cannot. */
export function sign(id, { body, signingSecret, now, publicUrl, extraHeaders = [] }) {
  const args = ['sign', '--provider', id, '--secret-env', 'SECRET', '--at', String(now), '--id', 'msg_1', '--jsonl'];
  if (publicUrl) args.push('--public-url', publicUrl);
  for (const [name, value] of extraHeaders) args.push('--header', `${name}: ${value}`);
  const env = { ...process.env, SECRET: signingSecret };
  const done = spawnSync(TOOL, args, { input: body, env, maxBuffer: 1 << 26 });
  if (done.status !== 0) return { error: done.stderr.toString().trim().split('\n').pop() };
  const { method, url, headers } = JSON.parse(done.stdout);
  return { method, url, headers, body };
}

/** The tool's verdict on each request, in their order. */
export function verify(lines) {
  const input = lines.map((line) => JSON.stringify(line) + '\n').join('');
  const done = spawnSync(TOOL, ['verify'], { input, maxBuffer: 1 << 28 });
  const verdicts = done.stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
  if (verdicts.length !== lines.length) throw new Error(`verify answered ${verdicts.length} of ${lines.length} lines: ${done.stderr}`);
  return verdicts;
}

/** A request as `verify` reads it. */
export function captured(id, number, request, { secret, extra, now, publicUrl }) {
  return {
    id: String(number),
    provider: id,
    received_at: now,
    method: request.method ?? 'POST',
    url: request.url ?? publicUrl ?? 'https://example.com/',
    headers: request.headers,
    body_b64: request.body.toString('base64'),
    secret,
    extra: { ...(publicUrl && { public_url: request.url ?? publicUrl }), ...extra },
  };
}
