// Runs every adapter in both directions and prints the table. See README.md.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

import { NOW } from './lib/clock.mjs';
import { senders } from './lib/tool.mjs';
import { explanation } from './lib/known.mjs';
import { trial } from './lib/trial.mjs';
import { print } from './lib/table.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const only = process.argv.slice(2);

// SDKs that warn of what they are given would drown the table.
for (const name of ['warn', 'error', 'debug', 'info']) console[name] = () => {};

const known = senders();
const rows = [];
let failed = false;
for (const file of readdirSync(path.join(here, 'adapters')).sort()) {
  if (!file.endsWith('.mjs')) continue;
  const loaded = await import(path.join(here, 'adapters', file)).catch((error) => ({ error }));
  if (loaded.error) {
    rows.push({ id: file, sdk: '', trouble: `cannot be loaded: ${loaded.error.message.split('\n')[0]}` });
    failed = true;
    continue;
  }
  for (const adapter of [loaded.default].flat()) {
    if (only.length > 0 && !only.includes(adapter.id)) continue;
    const row = { id: adapter.id, sdk: `${adapter.sdk} ${adapter.version ?? version(adapter.sdk)}` };
    rows.push(row);
    if (!known.has(adapter.id)) {
      row.skipped = true;
      continue;
    }
    const result = await trial(adapter, NOW);
    row.result = result;
    for (const difference of result.differences) {
      difference.why = explanation(adapter, difference);
      if (!difference.why) failed = true;
    }
    if (result.tried === 0) failed = true;
    adapter.close?.();
  }
}
print(rows);
process.exit(failed ? 1 : 0);

function version(sdk) {
  // Not every package exports its package.json.
  for (const folder of require.resolve.paths(sdk)) {
    try {
      return JSON.parse(readFileSync(path.join(folder, sdk, 'package.json'))).version;
    } catch {
      // The next folder may have it.
    }
  }
  return '?';
}
