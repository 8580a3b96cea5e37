// What the run prints: a row for each SDK, then every difference with its reason.

export function print(rows) {
  const out = (line = '') => process.stdout.write(line + '\n');
  out('| sender | SDK | they sign, we accept | we sign, they accept | tampered, we refuse | times and spellings, same verdict |');
  out('|---|---|---|---|---|---|');
  const share = ([good, all]) => (all === 0 ? '–' : `${good} of ${all}`);
  for (const { id, sdk, result, skipped, trouble } of rows) {
    if (!result) {
      out(`| ${id} | ${sdk} | ${skipped ? 'skipped: not in the catalogue' : trouble} | | | |`);
      continue;
    }
    const { theySign, weSign, damaged, time } = result.count;
    out(`| ${id} | ${sdk} | ${share(theySign)} | ${result.cannotSign && weSign[1] === 0 ? 'no signer' : share(weSign)} | ${share(damaged)} | ${share(time)} |`);
  }
  const ran = rows.filter(({ result }) => result);
  out(`\n${new Set(ran.map(({ sdk }) => sdk)).size} SDKs ran for ${new Set(ran.map(({ id }) => id)).size} senders, ${ran.reduce((sum, { result }) => sum + result.tried, 0)} requests judged by both; ` +
    `${rows.filter(({ skipped }) => skipped).length} skipped.`);

  const explained = new Map();
  const unexplained = [];
  for (const { id, sdk, result } of ran) {
    for (const { kind, name, ours, theirs, ourReason, theirReason, why } of result.differences) {
      const what = `${id} (${sdk}), ${kind}, ${name}: we ${ours}${ourReason ? ` (${ourReason})` : ''}, they ${theirs}${theirReason ? ` (${theirReason})` : ''}`;
      if (!why) unexplained.push(what);
      else explained.set(why, new Map(explained.get(why)).set(`${id}: ${kind}, ${name}: we ${ours}, they ${theirs}`, true));
    }
  }
  out(`\nKnown differences (${explained.size} reasons):`);
  for (const [why, cases] of explained) {
    out(`\n* ${why}`);
    for (const line of cases.keys()) out(`    ${line}`);
  }
  const cannot = ran.flatMap(({ id, result }) => result.refusedToSign.map(({ name, request }) => `    ${id}, ${name}: ${request.error}`));
  if (cannot.length > 0) out(`\nBodies that an SDK does not sign:\n${cannot.join('\n')}`);
  out(unexplained.length === 0 ? '\nEvery difference is explained.' : `\nUNEXPLAINED (${unexplained.length}):\n${[...new Set(unexplained)].map((line) => `    ${line}`).join('\n')}`);
}
