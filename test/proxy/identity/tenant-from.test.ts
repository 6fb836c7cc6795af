/** What names the tenant of a request, at the proxy. */
import { afterEach, describe, expect, it } from 'vitest';
import { RefusalCounts } from '../../../src/core/identity/refusal-counts.ts';
import { Bench, echo } from '../support.ts';
import { FakeKeys, goodClaims, newKey, publicJwk, sourcesOf, tokenOf } from './support.ts';

const TRUSTED = ['127.0.0.1'];
const KEY = newKey('k1');
const bearer = (tenant: string) => ({ authorization: `Bearer ${tokenOf(KEY, goodClaims({ tenant_id: tenant }))}` });

let bench: Bench;
afterEach(() => bench.close());

async function open(
  texts: readonly string[],
  trusted: readonly string[] = [],
  more: Parameters<typeof sourcesOf>[1] & { instances?: string[]; defaultService?: string | null } = {},
) {
  const { instances = ['web:acme', 'web:globex', 'api:acme'], defaultService = 'web', ...rules } = more;
  const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
  const refusals = new RefusalCounts();
  const sources = { ...sourcesOf(texts, rules), defaultService };
  bench = await Bench.open(trusted, {}, { sources, identity: { keys, refusals } });
  for (const instance of instances) await bench.app(instance as `${string}:${string}`, echoOf(instance));
  return { keys, refusals };
}

const echoOf =
  (instance: string): Parameters<Bench['app']>[1] =>
  (request, response) => {
    response.setHeader('served-by', instance);
    echo(request, response);
  };

/** Returns which instance answered, and with what path; or the refusal. */
async function ask(host: string, path = '/', headers: Record<string, string | string[]> = {}) {
  const { status, headers: answered, body } = await bench.fetch({ path, headers: { host, ...headers } });
  const seen = JSON.parse(body) as { url: string; rawHeaders: string[]; code: string };
  return status === 200 ? `${answered['served-by']} ${seen.url}` : `${status} ${seen.code}`;
}

async function seenHeaders(host: string, path: string, headers: Record<string, string | string[]> = {}) {
  const { body } = await bench.fetch({ path, headers: { host, ...headers } });
  const raw = (JSON.parse(body) as { rawHeaders: string[] }).rawHeaders;
  return (name: string) => raw.filter((_, index) => raw[index - 1]?.toLowerCase() === name && index % 2 === 1);
}

describe('the first source that names a tenant decides', () => {
  it('host, then path, then header, then token', async () => {
    await open(['host', 'path:/t/{tenant}', 'header:X-Org', 'jwt:tenant_id'], TRUSTED);
    expect(await ask('acme.localhost', '/a')).toBe('web:acme /a');
    expect(await ask('localhost', '/t/globex/a?b')).toBe('web:globex /a?b');
    expect(await ask('localhost', '/a', { 'x-org': 'globex' })).toBe('web:globex /a');
    expect(await ask('localhost', '/a', bearer('acme'))).toBe('web:acme /a');
    expect(await ask('localhost', '/a')).toBe('401 bad_token');
  });

  it('a host that names no registered tenant leaves it to the others', async () => {
    await open(['host', 'path:/t/{tenant}']);
    expect(await ask('app.localhost', '/t/acme/x')).toBe('web:acme /x');
    expect(await ask('app.localhost', '/x')).toBe('404 unknown_tenant');
    expect(await ask('a b', '/t/acme/x')).toBe('400 bad_host');
  });

  it('with a token alone, the proxy serves any host', async () => {
    await open(['jwt:tenant_id']);
    for (const host of ['example.org', '192.0.2.1:8080', '[::1]', 'globex.localhost'])
      expect(await ask(host, '/', bearer('acme'))).toBe('web:acme /');
    expect(await ask('acme.localhost', '/')).toBe('401 bad_token');
  });

  it('a tenant that is not registered is unknown, whoever names it', async () => {
    await open(['path:/t/{tenant}', 'header:X-Org', 'jwt:tenant_id'], TRUSTED);
    expect(await ask('localhost', '/t/nobody/a')).toBe('404 unknown_tenant');
    expect(await ask('localhost', '/', { 'x-org': 'nobody' })).toBe('404 unknown_tenant');
    expect(await ask('localhost', '/', { 'x-org': 'No Body' })).toBe('404 unknown_tenant');
    expect(await ask('localhost', '/', bearer('nobody'))).toBe('404 unknown_tenant');
  });
});

describe('the service', () => {
  it('is the one that the host names, or else the default', async () => {
    await open(['jwt:tenant_id']);
    expect(await ask('api.localhost', '/', bearer('acme'))).toBe('api:acme /');
    expect(await ask('anything.api.localhost', '/', bearer('acme'))).toBe('api:acme /');
    expect(await ask('localhost', '/', bearer('acme'))).toBe('web:acme /');
    expect(await ask('example.org', '/', bearer('acme'))).toBe('web:acme /');
    expect(await ask('api.localhost', '/', bearer('globex'))).toBe('404 unknown_tenant');
  });

  it('is none without a default', async () => {
    await open(['jwt:tenant_id'], [], { defaultService: null });
    expect(await ask('api.localhost', '/', bearer('acme'))).toBe('api:acme /');
    expect(await ask('example.org', '/', bearer('acme'))).toBe('404 unknown_tenant');
  });
});

describe('sources that name different tenants', () => {
  const MIXED: [what: string, host: string, path: string, headers: Record<string, string>][] = [
    ['host and path', 'acme.localhost', '/t/globex/', {}],
    ['host and header', 'acme.localhost', '/', { 'x-org': 'globex' }],
    ['host and token', 'acme.localhost', '/', bearer('globex')],
    ['path and token', 'localhost', '/t/acme/', bearer('globex')],
    ['header and token', 'localhost', '/', { 'x-org': 'acme', ...bearer('globex') }],
    ['host and a tenant that is not registered', 'acme.localhost', '/', bearer('nobody')],
    [
      'token and cookie',
      'localhost',
      '/',
      { ...bearer('acme'), cookie: `session=${bearer('globex').authorization.slice(7)}` },
    ],
  ];
  it.each(MIXED)('are refused: %s', async (_what, host, path, headers) => {
    const { refusals } = await open(['host', 'path:/t/{tenant}', 'header:X-Org', 'jwt:tenant_id'], TRUSTED);
    expect(await ask(host, path, headers)).toBe('403 tenant_mismatch');
    expect([...refusals.entries()]).toEqual([['mismatch', 1]]);
  });

  it('are no sources at all when they agree', async () => {
    await open(['host', 'path:/t/{tenant}', 'header:X-Org', 'jwt:tenant_id'], TRUSTED);
    const headers = { 'x-org': 'acme', ...bearer('acme') };
    expect(await ask('acme.localhost', '/t/acme/x', headers)).toBe('web:acme /x');
  });

  it('a bad token is refused although the host names the tenant', async () => {
    await open(['host', 'jwt:tenant_id']);
    expect(await ask('acme.localhost', '/', { authorization: 'Bearer x' })).toBe('401 bad_token');
    expect(await ask('acme.localhost', '/', bearer('Acme'))).toBe('403 bad_tenant_claim');
  });

  it('are served by the first and counted with "warn"', async () => {
    const { refusals } = await open(['host', 'jwt:tenant_id'], [], { onMismatch: 'warn' });
    expect(await ask('acme.localhost', '/', bearer('globex'))).toBe('web:acme /');
    expect(await ask('acme.localhost', '/', { authorization: 'Bearer x' })).toBe('web:acme /');
    expect([...refusals.entries()]).toEqual([['mismatch-warned', 2]]);
    expect(await ask('localhost', '/', { authorization: 'Bearer x' })).toBe('401 bad_token');
  });

  it('are served by the first with "first", which looks at no later one', async () => {
    const { refusals } = await open(['jwt:tenant_id', 'host'], [], { onMismatch: 'first' });
    expect(await ask('acme.localhost', '/', bearer('globex'))).toBe('web:globex /');
    expect(await ask('acme.localhost', '/')).toBe('web:acme /');
    expect(await ask('acme.localhost', '/', { authorization: 'Bearer x' })).toBe('401 bad_token');
    expect([...refusals.entries()]).toEqual([['malformed', 1]]);
  });
});

describe('a path', () => {
  it('loses the prefix, and the application learns it', async () => {
    await open(['path:/t/{tenant}']);
    const seen = await seenHeaders('localhost', '/t/acme/x', { 'x-forwarded-prefix': '/evil' });
    expect([seen('x-forwarded-prefix'), seen('x-tenant-id')]).toEqual([['/t/acme'], ['acme']]);
  });

  it('stands behind the prefix that a trusted proxy has stripped', async () => {
    await open(['path:/t/{tenant}'], TRUSTED);
    const seen = await seenHeaders('localhost', '/t/acme/x', { 'x-forwarded-prefix': '/app/' });
    expect(seen('x-forwarded-prefix')).toEqual(['/app/t/acme']);
  });

  it('that another source named first loses the prefix, too, so that the application sees the same path', async () => {
    for (const onMismatch of ['refuse', 'first'] as const) {
      await open(['jwt:tenant_id', 'path:/t/{tenant}'], [], { onMismatch });
      expect(await ask('localhost', '/t/acme/x', bearer('acme'))).toBe('web:acme /x');
      await bench.close();
    }
    await open(['host']);
  });

  it('keeps its lines apart from another path on the same connection', async () => {
    await open(['path:/t/{tenant}', 'path:/u/{tenant}']);
    const socket = await bench.socket();
    const answers: string[] = [];
    for (const path of ['/t/acme/1', '/t/acme/2', '/t/acme/3', '/u/acme/4', '/u/acme/5']) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const text = await new Promise<string>((resolve) => {
        let all = '';
        const onData = (bytes: Buffer) => {
          all += bytes.toString('latin1');
          if (!all.includes('"body":""}')) return;
          socket.off('data', onData);
          resolve(all);
        };
        socket.on('data', onData);
      });
      answers.push(/"X-Forwarded-Prefix","([^"]*)"/.exec(text)?.[1] ?? '');
    }
    expect(answers).toEqual(['/t/acme', '/t/acme', '/t/acme', '/u/acme', '/u/acme']);
  });

  it('that could be read in two ways is refused', async () => {
    const { refusals } = await open(['host', 'path:/t/{tenant}']);
    for (const path of ['/t/acme/../globex/x', '/t/%61cme/', '//t/acme/', '/t/acme/%2e%2e/globex'])
      expect(await ask('localhost', path)).toBe('400 bad_request');
    expect([...refusals.entries()]).toEqual([['ambiguous-path', 4]]);
  });
});

describe('a header field', () => {
  it('of a client that is not trusted says nothing, and does not reach the tenant', async () => {
    await open(['host', 'header:X-Org', 'header:X-Tenant-Id']);
    expect(await ask('localhost', '/', { 'x-org': 'acme' })).toBe('404 unknown_tenant');
    expect(await ask('localhost', '/', { 'x-tenant-id': 'acme' })).toBe('404 unknown_tenant');
    const seen = await seenHeaders('acme.localhost', '/', {
      'x-org': 'globex',
      x_org: 'globex',
      'x-tenant-id': 'globex',
      x_tenant_id: 'globex',
    });
    expect([seen('x-org'), seen('x_org'), seen('x-tenant-id'), seen('x_tenant_id')]).toEqual([[], [], ['acme'], []]);
  });

  it('of a trusted proxy reaches the tenant, except X-Tenant-Id, which the proxy itself sets', async () => {
    await open(['header:X-Org'], TRUSTED);
    const seen = await seenHeaders('localhost', '/', { 'x-org': 'acme', 'x-tenant-id': 'globex' });
    expect([seen('x-org'), seen('x-tenant-id')]).toEqual([['acme'], ['acme']]);
  });

  it('that was sent twice is refused, because a client may have sent one of them', async () => {
    await open(['header:X-Org'], TRUSTED);
    expect(await ask('localhost', '/', { 'x-org': ['globex', 'acme'] })).toBe('400 bad_request');
    expect(await ask('localhost', '/', { 'x-org': ['acme', 'acme'] })).toBe('400 bad_request');
    expect(await ask('localhost', '/', { 'x-org': 'globex, acme' })).toBe('404 unknown_tenant');
  });

  it('that is empty names none', async () => {
    await open(['header:X-Org', 'path:/t/{tenant}'], TRUSTED);
    expect(await ask('localhost', '/t/acme/', { 'x-org': '' })).toBe('web:acme /');
  });
});

describe('a claim', () => {
  it.each([
    ['tenant_id,tenantId', { tenant_id: 'acme', tenantId: 'globex' }, 'web:acme /'],
    ['tenantId,tenant_id', { tenant_id: 'acme', tenantId: 'globex' }, 'web:globex /'],
    ['tenant_id,tenantId', { tenant_id: null, tenantId: 'globex' }, 'web:globex /'],
    ['tenant_id,tenantId', { tenant_id: 7, tenantId: 'globex' }, '403 bad_tenant_claim'],
    ['org.id', { org: { id: 'acme' } }, 'web:acme /'],
    ['org.id', { 'org.id': 'globex', org: { id: 'acme' } }, 'web:globex /'],
    ['https://example.com/tenant', { 'https://example.com/tenant': 'acme' }, 'web:acme /'],
    ['org.id', { org: 'acme' }, '403 bad_tenant_claim'],
    ['org.id.x', { org: null }, '403 bad_tenant_claim'],
    ['__proto__.x', {}, '403 bad_tenant_claim'],
    ['constructor', {}, '403 bad_tenant_claim'],
  ])('%s of %j', async (claims, given, result) => {
    await open([`jwt:${claims}`]);
    const token = tokenOf(KEY, goodClaims({ tenant_id: undefined, ...given }));
    expect(await ask('x', '/', { authorization: `Bearer ${token}` })).toBe(result);
  });

  it('that is missing leaves it to the other sources', async () => {
    await open(['jwt:org', 'host']);
    expect(await ask('acme.localhost', '/', bearer('x'))).toBe('web:acme /');
  });
});
