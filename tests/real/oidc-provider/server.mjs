// A real OpenID Connect server, configured as an institution would: RFC 9068 access tokens for the
// gateway, groups in a claim, machines with client credentials and people with a browser.
//
// usage: node server.mjs NODE_MODULES PORT KEYS_FILE REDIRECT_URI
//
// KEYS_FILE holds its private key set; where there is none, one is made. A new file is a rotation.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, port, keysFile, redirectUri] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

if (!existsSync(keysFile)) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' };
  writeFileSync(keysFile, JSON.stringify({ keys: [key] }));
}

const client = { client_secret: 'not-much-of-a-secret', id_token_signed_response_alg: 'ES256' };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: JSON.parse(readFileSync(keysFile, 'utf8')),
  clients: [
    {
      ...client,
      client_id: 'pipeline',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    { ...client, client_id: 'console', redirect_uris: [redirectUri] },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://gateway.example',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'wes',
        audience: 'ga4gh-gateway',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  extraTokenClaims: () => ({ groups: ['wes-admins'], org: 'uct.ac.za' }),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: ['wes-admins'], org: 'uct.ac.za' }),
  }),
  claims: { openid: ['sub', 'groups', 'org'] },
  conformIdTokenClaims: false,
});
provider.listen(Number(port), '127.0.0.1');
