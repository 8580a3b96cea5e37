import hubspot from '@hubspot/api-client';

const { Signature } = hubspot;
const publicUrl = 'https://hooks.example.com/hubspot';

function adapter(version, name) {
  const options = (r, timestamp) => ({ clientSecret: r.secret, requestBody: r.text, url: publicUrl, timestamp });
  return {
    id: `hubspot-${version}`,
    sdk: '@hubspot/api-client',
    publicUrl,
    sign: (r) => {
      const signature = Signature.getSignature('POST', version, options(r, r.now * 1000));
      const headers = [[name, signature]];
      if (version === 'v3') headers.push(['x-hubspot-request-timestamp', String(r.now * 1000)]);
      else headers.push(['x-hubspot-signature-version', version]);
      return { headers, url: publicUrl };
    },
    verify: (r) =>
      Signature.isValid({
        ...options(r, Number(r.headers['x-hubspot-request-timestamp'])),
        signatureVersion: version,
        signature: r.headers[name],
        method: r.method,
      }),
  };
}

export default [
  adapter('v1', 'x-hubspot-signature'),
  adapter('v2', 'x-hubspot-signature'),
  adapter('v3', 'x-hubspot-signature-v3'),
];
