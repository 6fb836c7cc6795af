/** The table of refused tokens in docs/identity.md. */
import { generateKeyPairSync, type KeyObject, publicEncrypt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefusalCounts } from '../../../src/core/identity/refusal-counts.ts';
import { type Answer, Bench, echo } from '../support.ts';
import {
  FakeKeys,
  goodClaims,
  hmacToken,
  newKey,
  nowS,
  part,
  publicJwk,
  SECRET,
  sourcesOf,
  tokenOf,
} from './support.ts';

const KEY = newKey('k1');
const OTHER = newKey('k1');
const UNKNOWN = newKey('k2');
const refusals = new RefusalCounts();
let bench: Bench;

beforeAll(async () => {
  const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
  bench = await Bench.open([], {}, { sources: sourcesOf(['jwt:tenant_id,tenantId']), identity: { keys, refusals } });
  await bench.app('web:acme', echo);
});
afterAll(() => bench.close());

const count = () => Object.fromEntries(refusals.entries());
const ask = (headers: Record<string, string | string[]>) =>
  bench.fetch({ path: '/x', headers: { host: 'any.example', ...headers } });

/** Which reasons were counted by a request. */
async function refused(headers: Record<string, string | string[]>): Promise<[Answer, string[]]> {
  const before = count();
  const answer = await ask(headers);
  const reasons = Object.entries(count()).filter(([reason, requests]) => requests > (before[reason] ?? 0));
  return [answer, reasons.map(([reason]) => reason)];
}

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
const flipped = (token: string) => token.replace(/.(?=.{10}$)/, (one) => (one === 'A' ? 'B' : 'A'));

/** A signed token inside an encrypted one (RFC 7519, appendix A.2). */
function nestedToken(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = publicEncrypt(publicKey, Buffer.alloc(32)).toString('base64url');
  const header = part({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' });
  return [header, key, part('iv'), part(tokenOf(KEY)), part('tag')].join('.');
}

const TOKENS: readonly [what: string, token: () => string, reason: string][] = [
  ['alg none', () => `${part({ alg: 'none' })}.${part(goodClaims())}.`, 'algorithm'],
  [
    'alg NONE, with the signature of a good token',
    () => `${part({ alg: 'NONE', kid: 'k1' })}.${tokenOf(KEY).split('.').slice(1).join('.')}`,
    'algorithm',
  ],
  ['HS256 with the public key as PEM', () => hmacToken(pemOf(KEY.publicKey), { kid: 'k1' }), 'algorithm'],
  ['HS256 with the public key as JWK', () => hmacToken(JSON.stringify(publicJwk(KEY)), { kid: 'k1' }), 'algorithm'],
  ['HS256 with an empty secret', () => hmacToken('', { kid: 'k1' }), 'algorithm'],
  ['a key id that nobody published', () => tokenOf(UNKNOWN), 'unknown-key'],
  ['another algorithm than that of the key', () => tokenOf(KEY, goodClaims(), { alg: 'ES384' }), 'unknown-key'],
  ['a key of its own in the header', () => tokenOf(OTHER, goodClaims(), { jwk: publicJwk(OTHER) }), 'signature'],
  [
    'the URL of a key in the header',
    () => tokenOf(OTHER, goodClaims(), { jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' }),
    'signature',
  ],
  ['the signature of another key', () => tokenOf(OTHER), 'signature'],
  ['a changed signature', () => flipped(tokenOf(KEY)), 'signature'],
  [
    'changed claims',
    () => tokenOf(KEY).replace(/\..*\./, `.${part(goodClaims({ tenant_id: 'globex' }))}.`),
    'signature',
  ],
  ['no signature', () => `${tokenOf(KEY).split('.').slice(0, 2).join('.')}.`, 'signature'],
  ['two parts', () => tokenOf(KEY).split('.').slice(0, 2).join('.'), 'malformed'],
  ['a nested, encrypted token', nestedToken, 'malformed'],
  ['a token inside a signed token', () => tokenOf(KEY, tokenOf(KEY), { cty: 'JWT' }), 'malformed'],
  ['a critical extension', () => tokenOf(KEY, goodClaims(), { crit: ['exp'] }), 'malformed'],
  ['unencoded claims (b64 false)', () => tokenOf(KEY, goodClaims(), { b64: false, crit: ['b64'] }), 'malformed'],
  ['bad base64', () => `${part({ alg: 'ES256', kid: 'k1' })}.%%%.%%%`, 'malformed'],
  ['claims that are not JSON', () => tokenOf(KEY, 'not json'), 'malformed'],
  ['claims that are a list', () => tokenOf(KEY, [goodClaims()]), 'malformed'],
  ['a header that is not JSON', () => `${part('x')}.${part(goodClaims())}.x`, 'malformed'],
  ['an end that is text', () => tokenOf(KEY, goodClaims({ exp: '9999999999' })), 'malformed'],
  ['what is no token', () => 'secret-api-key', 'malformed'],
  ['two words', () => 'a b', 'malformed'],
  ['9,000 bytes', () => tokenOf(KEY, goodClaims({ filler: 'x'.repeat(9000) })), 'too-large'],
  ['an end 61 s ago', () => tokenOf(KEY, goodClaims({ exp: nowS() - 61 })), 'expired'],
  ['a begin in 90 s', () => tokenOf(KEY, goodClaims({ nbf: nowS() + 90 })), 'not-yet-valid'],
  ['another issuer', () => tokenOf(KEY, goodClaims({ iss: 'https://id.example.com' })), 'issuer'],
  ['no issuer', () => tokenOf(KEY, goodClaims({ iss: undefined })), 'issuer'],
  ['another audience', () => tokenOf(KEY, goodClaims({ aud: ['other', 'App'] })), 'audience'],
  ['no audience', () => tokenOf(KEY, goodClaims({ aud: undefined })), 'audience'],
];

describe('a token is refused with 401', () => {
  it.each(TOKENS)('%s', async (_what, token, reason) => {
    const [answer, reasons] = await refused({ authorization: `Bearer ${token()}` });
    expect([answer.status, JSON.parse(answer.body).code, reasons]).toEqual([401, 'bad_token', [reason]]);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[a-z ]+"$/);
  });

  it.each<[string, Record<string, string | string[]>, string]>([
    [
      'two Authorization fields',
      { authorization: [`Bearer ${tokenOf(KEY)}`, `Bearer ${tokenOf(KEY)}`] },
      'several-tokens',
    ],
    ['Basic beside it', { authorization: [`Bearer ${tokenOf(KEY)}`, 'Basic eDp5'] }, 'several-tokens'],
    ['two cookies', { cookie: `session=${tokenOf(KEY)}; a=1; session=${tokenOf(KEY)}` }, 'several-tokens'],
    ['two Cookie fields', { cookie: [`session=${tokenOf(KEY)}`, 'session=x'] }, 'several-tokens'],
    ['a good token beside a bad cookie', { authorization: `Bearer ${tokenOf(KEY)}`, cookie: 'session=x' }, 'malformed'],
    ['an empty token', { authorization: 'Bearer' }, 'malformed'],
    ['an empty cookie', { cookie: 'session=' }, 'malformed'],
  ])('%s', async (_what, headers, reason) => {
    const [answer, reasons] = await refused(headers);
    expect([answer.status, reasons]).toEqual([401, [reason]]);
  });

  it.each([{}, { authorization: 'Basic eDp5' }, { cookie: `Session=${tokenOf(KEY)}; xsession=a` }])(
    'none: %j is asked for one, without an error',
    async (headers) => {
      const [answer, reasons] = await refused(headers as Record<string, string>);
      expect([answer.status, answer.headers['www-authenticate'], reasons]).toEqual([401, 'Bearer', ['no-token']]);
    },
  );
});

it.each([5, null, true, '', 'Acme', 'a.b', '../acme', 'acme ', 'acme\0', ['acme'], { id: 'acme' }, 'a'.repeat(64)])(
  'a claim that is not a tenant id is 403: %j',
  async (claim) => {
    const [answer, reasons] = await refused({
      authorization: `Bearer ${tokenOf(KEY, goodClaims({ tenant_id: claim }))}`,
    });
    expect([answer.status, JSON.parse(answer.body).code, reasons]).toEqual([403, 'bad_tenant_claim', ['claim-no-id']]);
  },
);

it('a tenant that is not registered is 404, as for hosts', async () => {
  const [answer, reasons] = await refused({
    authorization: `Bearer ${tokenOf(KEY, goodClaims({ tenant_id: 'nobody' }))}`,
  });
  expect([answer.status, JSON.parse(answer.body).code, reasons]).toEqual([404, 'unknown_tenant', []]);
});

it.each([
  ['an end 30 s ago, since clocks differ', goodClaims({ exp: nowS() - 30 })],
  ['a begin in 30 s', goodClaims({ nbf: nowS() + 30 })],
  ['one of several audiences', goodClaims({ aud: ['other', 'app'] })],
  ['no end', goodClaims({ exp: undefined })],
  ['the second claim, if the first is not there', goodClaims({ tenant_id: undefined, tenantId: 'acme' })],
])('a token is served with %s, and reaches the tenant unchanged', async (_what, claims) => {
  const token = tokenOf(KEY, claims);
  const answer = await ask({ authorization: `bearer ${token}` });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body).rawHeaders).toContain(`bearer ${token}`);
});

describe('with a secret', () => {
  const open = async () => {
    const keys = new FakeKeys({ secrets: [SECRET, 'another one of thirty-two bytes!'] });
    const other = await Bench.open([], {}, { sources: sourcesOf(['jwt:tenant_id']), identity: { keys, refusals } });
    await other.app('web:acme', echo);
    return other;
  };
  it.each([
    ['the first secret', () => hmacToken(SECRET), 200],
    ['the second, while they are replaced', () => hmacToken('another one of thirty-two bytes!'), 200],
    ['another one', () => hmacToken('x'.repeat(32)), 401],
    ['HS512, for which it is too short', () => hmacToken(SECRET, { alg: 'HS512' }), 401],
    ['alg none', () => `${part({ alg: 'none' })}.${part(goodClaims())}.`, 401],
    ['a public key', () => tokenOf(KEY), 401],
  ])('%s', async (_what, token, status) => {
    const other = await open();
    try {
      const answer = await other.fetch({ headers: { host: 'x', authorization: `Bearer ${token()}` } });
      expect(answer.status).toBe(status);
    } finally {
      await other.close();
    }
  });
});
