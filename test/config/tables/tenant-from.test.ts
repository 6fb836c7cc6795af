import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diffConfigs } from '../../../src/core/lifecycle/reconcile.ts';
import { proxySettings } from '../../../src/core/routing/proxy-settings.ts';
import { configsWith } from '../written-config.ts';

const SECRET = `${'s'.repeat(32)}\n`;
const JWKS = '[routing.jwt]\nissuer = "https://id.example.com/"\naudience = "app"\njwks = ';

const { load, problems } = configsWith(SECRET);
/** A key of the service. */
const PROXIED = 'public_socket = "proxied"\n';
const from = (...sources: string[]) => `[routing]\ntenant_from = ${JSON.stringify(sources)}\n`;

test('a socket at which tokens and headers are not looked at is told, unless tenement serves it', () => {
  const jwt = `${JWKS}"keys.json"\n`;
  const told = (tables: string) =>
    load(tables).config.warnings.filter((line) => line.includes('public sockets of api'));
  expect(told(`${from('host', 'jwt:tenant_id')}${jwt}`)).toEqual([
    expect.stringMatching(/jwt:tenant_id is not looked at in .* public sockets of api, .*public_socket = "proxied"/),
  ]);
  expect(told(`${from('header:X-Org', 'jwt:tenant_id')}${jwt}`)).toEqual([
    expect.stringContaining('jwt:tenant_id are'),
  ]);
  expect(told(from('host', 'path:/t/{tenant}'))).toEqual([]);
  for (const keys of ['public_socket = "proxied"', 'listen = "port"'])
    expect(told(`${keys}\n${from('header:X-Org')}[proxy]\ntrusted_proxies = ["127.0.0.2"]\n`)).toEqual([]);
});

test('the host alone names the tenant by default, and the proxy needs to know nothing else', () => {
  const { config } = load('');
  expect(config.tenantFrom).toEqual({ sources: [{ kind: 'host' }], onMismatch: 'refuse' });
  expect(config.jwt).toBeNull();
  expect(proxySettings(config, 1).identity).toBeNull();
});

test('sources keep their order, and files are relative to the config', () => {
  const { config, dir } = load(
    `${PROXIED}${from('jwt:org', 'path:/t/{tenant}', 'host')}on_mismatch = "warn"\n[routing.jwt]\njwks = "keys.json"\nissuer = "https://a/"\naudience = ["x", "y"]\ncookie = "session"`,
  );
  expect(config.tenantFrom.onMismatch).toBe('warn');
  expect(config.tenantFrom.sources.map(({ kind }) => kind)).toEqual(['jwt', 'path', 'host']);
  const rules = { issuers: ['https://a/'], audiences: ['x', 'y'], cookie: 'session' };
  expect(config.jwt).toEqual({ ...rules, keys: { kind: 'file', path: join(dir, 'keys.json') } });
  expect(proxySettings(config, 1).identity).toMatchObject({ defaultService: 'api', tokens: rules });
  expect(config.warnings).toEqual([]);
});

test('the proxy is not told where the keys are, nor any secret', () => {
  const { config } = load(`${from('jwt:org')}[routing.jwt]\nsecret_file = "good"`, true);
  expect(JSON.stringify(proxySettings(config, 1))).not.toMatch(/good|sss/);
});

test.each([
  [from('cookie:x'), /^4: routing\.tenant_from\.0: expected "host", "path:\/t\/\{tenant\}"/],
  ['[routing]\ntenant_from = []', /^4: routing\.tenant_from: is empty/],
  ['[routing]\ntenant_from = "host"', /^4: routing\.tenant_from: expected a list in \[ \], but this is "host"/],
  [
    '[routing]\non_mismatch = "log"',
    /^4: routing\.on_mismatch: expected "refuse", "warn" or "first", but this is "log"/,
  ],
  [from('host', 'host'), /host is named twice; take one of them out/],
  [from('header:X-A', 'header:x-a'), /header:x-a is named twice/],
  [from('path:/{tenant}', 'path:/t/{tenant}'), /a path could match both path:\/\{tenant\} and path:\/t\/\{tenant\}/],
  [`${from('jwt:a', 'jwt:b')}${JWKS}"keys"`, /put all claims into one, in order: "jwt:tenant_id,tenantId"/],
  [
    from('jwt:a'),
    /needs \[routing\.jwt\] with the keys that tokens are checked with: jwks = "https:\/\/…" or secret_file/,
  ],
  [`${JWKS}"https://a.example/"`, /nothing reads tokens: add "jwt:tenant_id" to tenant_from/],
  [`${from('jwt:a')}[routing.jwt]\nissuer = "x"`, /expected jwks = "https:\/\/…" \(or a file\), or secret_file/],
  [`${from('jwt:a')}${JWKS}"keys"\nsecret_file = "good"`, /not both: take one of them out/],
  [`${from('jwt:a')}${JWKS}"http://id.example.com/keys"`, /could give it other keys: use https/],
  [`${from('jwt:a')}${JWKS}"http://10.0.0.1/keys"`, /could give it other keys: use https/],
  [`${from('jwt:a')}${JWKS}"ftp://id.example.com/keys"`, /expected a URL like "https:\/\/id\.example\.com/],
  [`${from('jwt:a')}${JWKS}"https://u:p@id.example.com/keys"`, /a user name or password in a URL is not sent/],
  [`${from('jwt:a')}${JWKS}"keys"\ncookie = "a b"`, /routing\.jwt\.cookie: expected the name of a cookie/],
  [`${from('jwt:a')}${JWKS}"keys"\nissuers = "x"`, /routing\.jwt\.issuers: unknown key, did you mean "issuer"\?/],
])('%j is refused, and the message says what to write', (tables, message) => {
  expect(problems(tables)).toEqual([expect.stringMatching(message)]);
});

test.each([
  'http://127.0.0.1:7400/keys',
  'http://localhost/keys',
  'http://id.localhost/',
  'http://[::1]:1/',
  'https://10.0.0.1/',
])('keys may come from %s', (url) => {
  expect(problems(`${from('jwt:a')}${JWKS}"${url}"`)).toEqual([]);
});

test.each([
  ['none', /none: there is no such file/],
  ['open', /open: its mode 0644 gives other users access; run: chmod 600/],
  ['short', /short: a secret of 7 bytes can be guessed/],
])('a server checks the secret file: %s', (file, message) => {
  const tables = `${from('jwt:a')}[routing.jwt]\nsecret_file = "${file}"`;
  expect(problems(tables, true)).toEqual([expect.stringMatching(message)]);
  // The user of a command may not be allowed to read it.
  expect(problems(tables)).toEqual([]);
});

test.each(['jwks', 'secret_file'])('a tenant must not be able to write the %s', (key) => {
  const tables = `isolation = "namespace"\n[settings]\ndata_dir = "d"\n${from('jwt:a')}[routing.jwt]\n${key} = "d/acme/keys"`;
  expect(problems(tables)).toEqual([expect.stringMatching(/would lie in the directory of a tenant "acme"/)]);
});

test.each([
  [from('host', 'header:X-Tenant-Id'), /header:x-tenant-id is believed only from proxy\.trusted_proxies/],
  [from('host', 'path:/{tenant}'), /takes the first segment of every path for a tenant, such as \/login/],
  [`[service.web]\ncommand = "x"\n${from('path:/t/{tenant}')}`, /names no service.*set proxy\.default_service/],
  [
    `${from('jwt:a')}[routing.jwt]\njwks = "keys"`,
    /without issuer and audience, a token that these keys sign for another purpose/,
  ],
  [`${from('jwt:a')}[routing.jwt]\nsecret_file = "good"`, /without audience, .*; set it$/],
])('%j is accepted with a warning', (tables, warning) => {
  expect(load(`${PROXIED}${tables}`).config.warnings).toEqual([expect.stringMatching(warning)]);
});

test('a reload follows the sources and the rules for tokens', () => {
  const { config } = load(`${from('jwt:a')}${JWKS}"/keys"`);
  const same = load(`${from('jwt:a')}${JWKS}"/keys"`).config;
  const other = load(`${from('jwt:b')}${JWKS}"/keys"`).config;
  const keys = load(`${from('jwt:a')}${JWKS}"/others"`).config;
  expect([same, other, keys].map((is) => diffConfigs(config, is).live.includes('routing'))).toEqual([
    false,
    true,
    true,
  ]);
});
