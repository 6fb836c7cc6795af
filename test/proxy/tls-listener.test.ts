import { once } from 'node:events';
import { type AddressInfo, connect as connectPlainly, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  type IdentitySettings,
  ProxySettingsPublisher,
  type TlsSettings,
} from '../../src/core/routing/proxy-settings.ts';
import type { ListenTarget } from '../../src/core/service/listen-target.ts';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '../../src/core/service/service.ts';
import type { Certificate } from '../../src/core/tls/certificate.ts';
import type { HandshakeResult } from '../../src/core/tls/handshake-counts.ts';
import { silentLogger } from '../../src/logger.ts';
import { createProxy, type ProxyServer } from '../../src/proxy/server.ts';
import { listeningSocket } from '../e2e/listening-sockets.ts';
import { certificateFor, halfHandshake, secureConnection, type TestTls, testTls } from './secure.ts';
import { Bench, echo, readAll, settingsOf } from './support.ts';

const TENANT_IN_PATH: IdentitySettings = {
  sources: [{ kind: 'path', prefix: '/t/' }],
  onMismatch: 'refuse',
  defaultService: 'web',
  tokens: null,
};

let wild: Certificate;
let exact: Certificate;
let bench: Bench;
let tls: TestTls;
let proxies: ProxyServer[];
let plainPort: number;
let port: number;

beforeAll(() => {
  wild = certificateFor('*.localhost', 'localhost');
  exact = certificateFor('acme.localhost');
});

beforeEach(async () => {
  proxies = [];
  bench = await Bench.open();
  await bench.app('web:acme', echo);
  await bench.app('web:beta', echo);
});

afterEach(async () => {
  for (const proxy of proxies) await proxy.close(0);
  await bench.close();
});

/** Starts a proxy for TLS beside the bench's own, over the same tenants. */
async function listen(
  certificates: readonly Certificate[],
  settings: Partial<TlsSettings> = {},
  { trusted = [], ...limits }: Partial<ProxyLimits> & { trusted?: string[] } = {},
): Promise<void> {
  tls = testTls(...certificates);
  await listenWith(tls, settings, trusted, limits);
}

async function listenWith(
  use: TestTls,
  settings: Partial<TlsSettings>,
  trusted: string[],
  limits: Partial<ProxyLimits>,
  identity: IdentitySettings | null = null,
  tlsTarget: ListenTarget = { host: '127.0.0.1', port: 0 },
) {
  const all = { redirect: true, onDemand: false, publicPort: null, ...settings };
  const proxy = createProxy({
    source: bench.source,
    settings: new ProxySettingsPublisher({ ...settingsOf(trusted), identity, tls: all }),
    limits: { ...DEFAULT_PROXY_LIMITS, ...limits },
    turnedAway: bench.turnedAway,
    logger: silentLogger(),
    tls: use,
  });
  proxies.push(proxy);
  const any = { host: '127.0.0.1', port: 0 };
  const bound = await proxy.listen({ ...any, tls: tlsTarget });
  plainPort = bound.port;
  port = bound.tls?.port ?? 0;
}

const counted = () => Object.fromEntries(tls.counts.entries()) as Partial<Record<HandshakeResult, number>>;

/** Settles with the error that ends a handshake. */
function failure(options: ConnectionOptions): Promise<NodeJS.ErrnoException> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  return new Promise((resolve, reject) => {
    socket.once('error', resolve).once('secureConnect', () => reject(new Error('the handshake succeeded')));
  });
}

/** Sends a request that closes its connection; settles with all that comes back. */
function ask(socket: Socket, host: string, more = ''): Promise<string> {
  const answer = readAll(socket);
  socket.write(`GET /path?query HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);
  return answer;
}

const subject = (socket: TLSSocket) => socket.getPeerCertificate().subjectaltname;

describe('a handshake', () => {
  it('gets the certificate of its name, an exact one before a wildcard', async () => {
    await listen([wild, exact]);
    expect(subject(await secureConnection(port, { servername: 'acme.localhost' }))).toBe('DNS:acme.localhost');
    expect(subject(await secureConnection(port, { servername: 'BETA.localhost' }))).toContain('DNS:*.localhost');
  });

  it('gets the first certificate when it names no host, and is served whatever host it asks for', async () => {
    await listen([exact, wild]);
    const socket = await secureConnection(port);
    expect(subject(socket)).toBe('DNS:acme.localhost');
    expect(await ask(socket, 'beta.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is refused at once for a name without a certificate, by the alert for that', async () => {
    await listen([exact]);
    expect(await failure({ servername: 'beta.localhost' })).toMatchObject({ code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    expect(counted()).toEqual({ 'unknown-name': 1 });
  });

  it('is refused with an older protocol than TLS 1.2', async () => {
    await listen([exact]);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    await expect(failure({ servername: 'acme.localhost', ...old })).resolves.toBeDefined();
    await once(await failing(), 'close');
    expect(counted().full).toBeUndefined();
  });

  it('agrees on HTTP/2 or HTTP/1.1, and on nothing else', async () => {
    await listen([exact]);
    const servername = 'acme.localhost';
    const both = await secureConnection(port, { servername, ALPNProtocols: ['http/1.1', 'h2'] });
    expect(both.alpnProtocol).toBe('h2');
    expect((await secureConnection(port, { servername, ALPNProtocols: ['http/1.1'] })).alpnProtocol).toBe('http/1.1');
    await expect(failure({ servername, ALPNProtocols: ['imap'] })).resolves.toBeDefined();
  });

  it('uses the certificate that has taken the place of another, for the next connection', async () => {
    await listen([wild]);
    const before = await secureConnection(port, { servername: 'acme.localhost' });
    await tls.source.table.change([
      { kind: 'certificate', slot: wild.id, certificate: { ...exact, names: ['acme.localhost'] } },
    ]);
    expect(subject(await secureConnection(port, { servername: 'acme.localhost' }))).toBe('DNS:acme.localhost');
    expect(subject(await secureConnection(port))).toBe('DNS:acme.localhost');
    expect(await ask(before, 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is resumed by another process with the same key, by %s',
    async (version) => {
      await listen([exact]);
      const options = { servername: 'acme.localhost', maxVersion: version };
      const session = await sessionOf(options);
      const other = testTls(exact);
      await listenWith(other, {}, [], {});
      const again = await secureConnection(port, { ...options, session });
      expect(again.isSessionReused()).toBe(true);
      expect(await ask(again, 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
      expect(Object.fromEntries(other.counts.entries())).toEqual({ resumed: 1 });
    },
  );

  it('is not resumed with a key that was replaced', async () => {
    await listen([exact]);
    const options = { servername: 'acme.localhost' };
    const session = await sessionOf(options);
    await tls.source.table.change([{ kind: 'ticket-key', key: Buffer.alloc(48, 'n').toString('base64') }]);
    expect((await secureConnection(port, { ...options, session })).isSessionReused()).toBe(false);
  });

  it('that comes byte by byte succeeds', async () => {
    await listen([exact]);
    const socket = await throughBytes();
    expect(await ask(socket, 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that stops in the middle is ended at the time limit, and frees its place', async () => {
    await listen([exact], {}, { headerTimeoutMs: 100 });
    const socket = connectPlainly(port, '127.0.0.1').on('error', () => {});
    socket.write(Buffer.from([22, 3, 1, 2, 0, 1]));
    await once(socket, 'close');
    expect(counted()).toEqual({ timeout: 1 });
  });

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n', /^HTTP\/1\.1 400 .*"plain_http"/s, 'plain-http'],
    ['another protocol', '\x00\x01\x02\x03', /^$/, 'failed'],
  ])('in whose place %s comes is answered', async (_what, bytes, answer, result) => {
    await listen([exact]);
    const socket = connectPlainly(port, '127.0.0.1').on('error', () => {});
    const read = readAll(socket);
    socket.write(bytes, 'latin1');
    expect(await read).toMatch(answer);
    expect(counted()).toEqual({ [result]: 1 });
  });

  it('that is rubbish after its beginning ends the connection alone', async () => {
    await listen([exact]);
    const socket = connectPlainly(port, '127.0.0.1').on('error', () => {});
    socket.write(Buffer.concat([Buffer.from([22, 3, 1, 0, 60, 1, 0, 0, 56]), Buffer.alloc(56, 255)]));
    socket.resume();
    await once(socket, 'close');
    expect(counted().failed).toBe(1);
    expect(await ask(await secureConnection(port), 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('over the limit of connections is refused by an alert', async () => {
    await listen([exact], {}, { maxConnections: 1, maxConnectionsPerClient: 1 });
    const held = Promise.withResolvers<void>();
    await bench.app('web:acme', () => held.resolve());
    const socket = await secureConnection(port, { servername: 'acme.localhost' });
    socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
    await held.promise;
    expect(await failure({ servername: 'acme.localhost' })).toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
    });
  });
});

describe('a certificate that is issued on demand', () => {
  const asked: string[] = [];
  beforeEach(() => void asked.splice(0));

  async function listenWithIssuer(issue: (name: string) => Promise<void>, identity?: IdentitySettings): Promise<void> {
    tls = testTls();
    tls.source.obtain = (name) => {
      asked.push(name);
      return issue(name);
    };
    await listenWith(tls, { onDemand: true }, [], {}, identity);
  }

  it('is waited for, for a host that the proxy knows', async () => {
    await listenWithIssuer((name) =>
      tls.source.table.change([{ kind: 'certificate', slot: name, certificate: exact }]),
    );
    const socket = await secureConnection(port, { servername: 'acme.localhost' });
    expect(await ask(socket, 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).toEqual(['acme.localhost']);
  });

  it('is asked for, for a host that tenants share', async () => {
    await listenWithIssuer(async () => {}, TENANT_IN_PATH);
    await failure({ servername: 'localhost' });
    expect(asked).toEqual(['localhost']);
    await failure({ servername: 'other.localhost' });
    expect(asked).toEqual(['localhost']);
  });

  it('is not asked for, for a host that the proxy does not know', async () => {
    await listenWithIssuer(async () => {});
    for (const servername of ['nobody.localhost', 'acme.example.com', 'acme.localhost.evil.com'])
      expect(await failure({ servername })).toMatchObject({ code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    expect(asked).toEqual([]);
  });

  it('that does not come is refused like a name without one', async () => {
    await listenWithIssuer(async () => {});
    expect(await failure({ servername: 'acme.localhost' })).toMatchObject({ code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
  });
});

it("answers an authority's check by the protocol for that with the certificate of the check", async () => {
  await listen([wild]);
  await tls.source.table.change([{ kind: 'alpn-challenge', name: 'acme.localhost', certificate: exact }]);
  const check = { servername: 'acme.localhost', ALPNProtocols: ['acme-tls/1'] };
  const socket = await secureConnection(port, check);
  expect([socket.alpnProtocol, subject(socket)]).toEqual(['acme-tls/1', 'DNS:acme.localhost']);
  expect(subject(await secureConnection(port, { servername: 'acme.localhost' }))).toContain('DNS:*.localhost');
  await expect(failure({ ...check, servername: 'beta.localhost' })).resolves.toBeDefined();
});

describe('a request by TLS', () => {
  it('says to its tenant that it came by https', async () => {
    await listen([wild]);
    const answer = await ask(await secureConnection(port, { servername: 'acme.localhost' }), 'acme.localhost');
    expect(answer).toContain('"X-Forwarded-Proto","https"');
    expect(answer).toContain('"X-Forwarded-For","127.0.0.1"');
  });

  it('is served for another host that the certificate covers, and gets 421 for one that it does not', async () => {
    await listen([certificateFor('beta.web.localhost', 'acme.localhost'), exact]);
    const covered = await secureConnection(port, { servername: 'beta.web.localhost' });
    expect(await ask(covered, 'acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
    const fronting = await secureConnection(port, { servername: 'acme.localhost' });
    expect(await ask(fronting, 'beta.localhost')).toMatch(/^HTTP\/1\.1 421 .*"misdirected_request"/s);
  });
});

it('a server that ends for another at the same socket serves who is in the middle of a handshake (bug: it was cut)', async () => {
  const { fd, port: kept } = listeningSocket('tls');
  tls = testTls(wild);
  await listenWith(tls, {}, [], {}, null, { host: '127.0.0.1', port: kept, openSockets: () => [fd] });
  const handshake = halfHandshake(port, 'acme.localhost');
  const accepted = secureConnection(port, { servername: 'acme.localhost' });
  (await accepted).destroy();
  const closed = proxies.splice(0)[0]?.close(60_000);
  expect(await handshake.finish('/path')).toMatch(/^HTTP\/1\.1 200 /);
  await closed;
});

describe('the plain port', () => {
  const plainly = async (host: string, more = '') => ask(await bench.connect(plainPort), host, more);

  it('sends a client to the same path by TLS, with any method', async () => {
    await listen([wild]);
    expect(await plainly(`Acme.localhost:${plainPort}`)).toMatch(
      new RegExp(`^HTTP/1\\.1 308 .*\r\nLocation: https://acme\\.localhost:${port}/path\\?query\r\n`, 's'),
    );
    const socket = await bench.connect(plainPort);
    const answer = readAll(socket);
    socket.write('POST / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc');
    expect(await answer).toMatch(/^HTTP\/1\.1 308 /);
    expect(bench.source.leases).toEqual([]);
  });

  it('sends a client that came through a mapping of ports to the port for https', async () => {
    await listen([wild]);
    for (const host of ['acme.localhost', 'acme.localhost:80'])
      expect(await plainly(host)).toContain('\r\nLocation: https://acme.localhost/path?query\r\n');
    expect(await plainly('acme.localhost:9999')).toContain(
      `\r\nLocation: https://acme.localhost:${port}/path?query\r\n`,
    );
  });

  it('sends clients to the port that the config says', async () => {
    await listen([wild], { publicPort: 9443 });
    for (const host of ['acme.localhost', `acme.localhost:${plainPort}`])
      expect(await plainly(host)).toContain('\r\nLocation: https://acme.localhost:9443/path?query\r\n');
  });

  it('sends a handshake for a WebSocket there, too', async () => {
    await listen([wild]);
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
    const socket = await bench.connect(plainPort);
    const answer = readAll(socket);
    socket.write(`GET /ws HTTP/1.1\r\nHost: acme.localhost\r\n${upgrade}\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 308 .*\r\nLocation: https:\/\/acme\.localhost\/ws\r\n/s);
  });

  it('serves a host that has no certificate', async () => {
    await listen([exact]);
    expect(await plainly('beta.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('serves a host when the redirect is off', async () => {
    await listen([wild], { redirect: false });
    expect(await plainly('acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('sends a known host there that can have a certificate, and no other', async () => {
    await listen([], { onDemand: true });
    expect(await plainly('acme.localhost')).toMatch(/^HTTP\/1\.1 308 /);
    expect(await plainly('nobody.localhost')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('serves what a trusted front server got by https, and believes nobody else', async () => {
    const proto = 'X-Forwarded-Proto: https\r\n';
    await listen([wild]);
    expect(await plainly('acme.localhost', proto)).toMatch(/^HTTP\/1\.1 308 /);
    await listen([wild], {}, { trusted: ['127.0.0.1'] });
    expect(await plainly('acme.localhost', proto)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await plainly('acme.localhost', 'X-Forwarded-Proto: http\r\n')).toMatch(/^HTTP\/1\.1 308 /);
  });

  it("answers an authority's check, and passes the checks of a tenant's own to it", async () => {
    await listen([wild]);
    await tls.source.table.change([{ kind: 'http-challenge', token: 'ours', answer: 'ours.thumbprint' }]);
    const check = async (token: string) => {
      const socket = await bench.connect(plainPort);
      const answer = readAll(socket);
      const path = `/.well-known/acme-challenge/${token}`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n`);
      return answer;
    };
    expect(await check('ours')).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nours\.thumbprint$/s);
    expect(await check('theirs')).toMatch(/^HTTP\/1\.1 200 .*"url":"\/\.well-known\/acme-challenge\/theirs"/s);
  });
});

/** Settles with a session that the client may resume. */
async function sessionOf(options: ConnectionOptions): Promise<Buffer> {
  const socket = await secureConnection(port, options);
  let session: Buffer | undefined = socket.getSession();
  // By TLS 1.3 it comes behind the handshake.
  socket.on('session', (later: Buffer) => {
    session = Buffer.from(later);
  });
  await ask(socket, 'acme.localhost');
  if (session === undefined) throw new Error('no session');
  return session;
}

/** Connects and leaves at once, after which earlier handshakes are over. */
async function failing(): Promise<Socket> {
  const socket = await bench.connect(port);
  return socket.end().resume();
}

/** Connects by a relay that passes on one byte at a time. */
async function throughBytes(): Promise<TLSSocket> {
  const relay = createServer(async (client) => {
    const server = await bench.connect(port);
    server.setNoDelay(true).pipe(client);
    client
      .on('error', () => {})
      .on('data', (bytes: Buffer) => {
        for (const byte of bytes) server.write(Buffer.from([byte]));
      });
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void relay.close());
  return secureConnection((relay.address() as AddressInfo).port);
}
