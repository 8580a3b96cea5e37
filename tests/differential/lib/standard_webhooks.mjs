// What the adapters of Standard Webhooks senders have in common.

import { STANDARD_SECRETS } from './cases.mjs';

/** An adapter around a function that throws, or answers whatever it likes, when it accepts. */
export function standard(id, sdk, check, more = {}) {
  const verify = async (request) => {
    await check(request);
    return true;
  };
  return { id, sdk, secrets: STANDARD_SECRETS, verify, ...more };
}
