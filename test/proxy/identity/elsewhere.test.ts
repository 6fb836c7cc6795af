/** `tenant_from` at proxied public sockets, and in the handler for a host program's own server. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RefusalCounts } from '../../../src/core/identity/refusal-counts.ts';
import { ProxySettingsPublisher } from '../../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../../src/core/service/service.ts';
import { silentLogger } from '../../../src/logger.ts';
import { createHandler, type HandlerOptions } from '../../../src/proxy/handler.ts';
import { SocketServer } from '../../../src/proxy/socket-server.ts';
import { answerOf, Bench, echo, settingsOf } from '../support.ts';
import { FakeKeys, goodClaims, newKey, publicJwk, sourcesOf, tokenOf } from './support.ts';

const KEY = newKey('k1');
const bearer = (tenant: string) => ({ authorization: `Bearer ${tokenOf(KEY, goodClaims({ tenant_id: tenant }))}` });

let bench: Bench;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  bench = await Bench.open();
  for (const tenant of ['acme', 'globex']) await bench.app(`web:${tenant}`, echo);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await bench.close();
});

const optionsFor = (texts: readonly string[]) => ({
  source: bench.source,
  settings: new ProxySettingsPublisher({ ...settingsOf(), identity: sourcesOf(texts) }),
  limits: DEFAULT_PROXY_LIMITS,
  logger: silentLogger(),
  identity: { keys: new FakeKeys({ publicKeys: [publicJwk(KEY)] }), refusals: new RefusalCounts() },
});

async function listen(server: NetServer, where: string | number) {
  server.listen(where);
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
}

describe('at a proxied public socket', () => {
  const ask = async (texts: readonly string[], path: string, headers: Record<string, string>) => {
    const server = new SocketServer(optionsFor(texts));
    closing.push(() => server.close(0));
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    const listener = createNetServer(options, (socket) => void server.take('web:acme', socket));
    const socketPath = join(bench.dir, `${closing.length}.public`);
    await listen(listener, socketPath);
    const asking = request({ socketPath, path, headers: { host: 'any.example', ...headers }, agent: false }).end();
    const [response] = await once(asking, 'response');
    const { status, body } = await answerOf(response);
    return status === 200 ? JSON.parse(body) : `${status} ${JSON.parse(body).code}`;
  };
  const ALL = ['host', 'path:/t/{tenant}', 'header:X-Org', 'jwt:tenant_id'];

  it('the socket names the tenant, whatever the host, and nothing else has to', async () => {
    expect(await ask(ALL, '/x', { host: 'globex.localhost' })).toMatchObject({ url: '/x' });
    expect(await ask(['jwt:tenant_id'], '/x', {})).toMatchObject({ url: '/x' });
  });

  it.each([
    ['path', '/t/globex/x', {}],
    ['header, which its peer may set', '/', { 'x-org': 'globex' }],
    ['token', '/', bearer('globex')],
  ])('another tenant in the %s is a mismatch', async (_what, path, headers) => {
    expect(await ask(ALL, path, headers as Record<string, string>)).toBe('403 tenant_mismatch');
  });

  it('a bad token is refused, and the prefix of the path is stripped', async () => {
    expect(await ask(ALL, '/', { authorization: 'Bearer x' })).toBe('401 bad_token');
    expect(await ask(ALL, '/t/acme/x', bearer('acme'))).toMatchObject({ url: '/x' });
  });
});

describe('in the handler of a host program', () => {
  const ask = async (options: HandlerOptions, headers: Record<string, string>, withNext = true) => {
    const handler = createHandler({ ...optionsFor(['jwt:tenant_id']), isClosing: () => false }, options);
    closing.push(() => handler.close(0));
    const server = createServer((request, response) =>
      withNext
        ? handler.request(request, response, () => response.writeHead(299).end('{}'))
        : handler.request(request, response),
    );
    await listen(server, 0);
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
    await response.text();
    return response.status;
  };

  it('a token names the tenant', async () => {
    expect(await ask({}, bearer('acme'))).toBe(200);
  });

  it('a request that names no tenant is passed on, and a bad token is not', async () => {
    expect(await ask({}, {})).toBe(299);
    expect(await ask({}, { authorization: 'Bearer x' })).toBe(401);
    expect(await ask({}, {}, false)).toBe(401);
  });

  it('the program decides alone with a function of its own', async () => {
    expect(await ask({ instance: () => 'web:acme' }, { authorization: 'Bearer x' })).toBe(200);
  });
});
