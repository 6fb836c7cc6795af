// Stands in for an identity provider: publishes its keys, and gives a token to whoever asks. `node issuer.js [PORT]`
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 7400);
/** The newest key signs. Older ones are published until they are withdrawn, so that their tokens stay good. */
let keys = [];
let made = 0;

function addKey() {
  made += 1;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  keys.unshift({ kid: `key-${made}`, privateKey, jwk: publicKey.export({ format: 'jwk' }) });
}

function tokenFor(claims) {
  const [{ kid, privateKey }] = keys;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', typ: 'JWT', kid })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function claimsOf(query, issuer) {
  const now = Math.floor(Date.now() / 1000);
  const given = Object.fromEntries(query);
  const lifetime = Number(given.lifetime ?? 3600);
  delete given.lifetime;
  return { iss: issuer, aud: 'matcher', iat: now, exp: now + lifetime, ...given };
}

const server = createServer((request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { pathname, searchParams } = new URL(request.url, issuer);
  const route = `${request.method} ${pathname}`;
  if (route === 'GET /.well-known/jwks.json') {
    const published = keys.map(({ kid, jwk }) => ({ ...jwk, kid, alg: 'ES256', use: 'sig' }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published }));
  } else if (route === 'POST /token') {
    response.end(tokenFor(claimsOf(searchParams, issuer)));
  } else if (route === 'POST /rotate') {
    addKey();
    response.end(`${keys[0].kid} signs now\n`);
  } else if (route === 'POST /withdraw') {
    keys = keys.slice(0, 1);
    response.end(`only ${keys[0].kid} is published now\n`);
  } else {
    response.writeHead(404).end('POST /token?tenant_id=acme, POST /rotate, POST /withdraw\n');
  }
});

addKey();
server.listen(port, '127.0.0.1', () => console.log(`port ${server.address().port}`));
