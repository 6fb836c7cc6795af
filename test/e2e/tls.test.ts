/** A whole server with `[tls]` and proxy workers. */
import { once } from 'node:events';
import { Agent } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { secureConnection } from '../proxy/secure.ts';
import { getByHttp2, getSecurely, type OwnCertificate, ownCertificate } from './secure-server.ts';
import { serve, shared, type TestServer } from './support.ts';
import { config } from './worker-processes.ts';

interface Secured {
  readonly server: TestServer;
  readonly own: OwnCertificate;
}

const HOST = 'acme.localhost';

describe('a server with [tls] and workers', () => {
  const running = shared(async (onFinished): Promise<Secured> => {
    const own = ownCertificate(['*.localhost'], onFinished);
    const server = await serve(`${config()}${own.table}`, [], onFinished);
    await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
    return { server, own };
  });

  it('serves a tenant by HTTP/1.1, HTTP/2 and WebSockets', async () => {
    const { server } = running();
    for (const get of [getSecurely, getByHttp2]) {
      const { status, body } = await get(server, HOST, '/headers');
      expect(status).toBe(200);
      const { raw } = JSON.parse(body) as { raw: string[] };
      expect(raw[raw.indexOf('X-Forwarded-Proto') + 1]).toBe('https');
    }
    const socket = new WebSocket(`wss://127.0.0.1:${server.tlsPort}/`, {
      ...{ rejectUnauthorized: false, servername: HOST, headers: { host: HOST } },
    });
    await once(socket, 'open');
    socket.send('over TLS');
    expect(String((await once(socket, 'message'))[0])).toContain('over TLS');
    socket.close();
    await once(socket, 'close');
  });

  it('lists its certificates in `check`, for people and programs', async () => {
    const { server, own } = running();
    const { status, stdout } = await server.cli('check');
    expect(status).toBe(0);
    expect(stdout).toContain(`\ncertificate: *.localhost; issued by *.localhost, 1 day left (${own.certFile})\n`);
    expect(stdout).toMatch(/warning: tls\.certificates: .*own\.pem expires on .*, in 1 day; renew it/);
    const json = JSON.parse((await server.cli('check', '--json')).stdout);
    expect(json.certificates).toMatchObject([
      { file: own.certFile, names: ['*.localhost'], isSelfSigned: true, daysLeft: 1 },
    ]);
    expect(JSON.stringify(json)).not.toContain('PRIVATE KEY');
  });

  it('shows a replaced certificate in every worker, and keeps open connections', async () => {
    const { server, own } = running();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await getSecurely(server, HOST, '/', agent)).status).toBe(200);
    const fingerprint = own.write();
    await expect.poll(() => fingerprintsOf(server), { interval: 200 }).toEqual([fingerprint]);
    expect((await getSecurely(server, HOST, '/', agent)).status).toBe(200);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });
});

/** Lists the fingerprints of certificates that some connections get. */
async function fingerprintsOf({ tlsPort }: TestServer): Promise<string[]> {
  const connections = await Promise.all(
    Array.from({ length: 16 }, () => secureConnection(tlsPort, { servername: HOST })),
  );
  const seen = connections.map((connection: TLSSocket) => connection.getPeerCertificate().fingerprint256);
  for (const connection of connections) connection.destroy();
  return [...new Set(seen)];
}
