import adyen from '@adyen/api-library';

import { HEX_SECRETS } from '../lib/cases.mjs';

const validator = new adyen.hmacValidator();

export default {
  id: 'adyen-platform',
  sdk: '@adyen/api-library',
  secrets: HEX_SECRETS,
  sign: ({ text, secret }) => ({ headers: [['hmacsignature', validator.calculateHmacSignature(text, secret)]] }),
  verify: ({ text, headers, secret }) => validator.validateHMACSignature(secret, headers.hmacsignature, text),
};
