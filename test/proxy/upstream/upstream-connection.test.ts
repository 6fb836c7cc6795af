import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bench, echo } from '../support.ts';

const realSetTimeout = setTimeout;
let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('a tenant that does not speak HTTP', () => {
  it.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nwhat\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['lines that end with LF alone (bug: 504)', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi'],
    ['LF alone in the middle', 'HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 2\r\n'],
    ['another protocol, in a line without an end', 'SSH-2.0-OpenSSH_9.2'],
    ['headers without an end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`],
  ])('%s gives 502, is let go of, and others are served meanwhile', async (_what, bytes) => {
    await bench.app('web:globex', echo);
    await bench.rawApp('web:acme', (socket) => socket.once('data', () => socket.write(bytes)));
    const [bad, good] = await Promise.all([
      bench.fetch({ method: 'POST' }, 'x'),
      bench.fetch({ headers: { host: 'globex.localhost' } }),
    ]);
    expect(bad.status).toBe(502);
    expect(JSON.parse(bad.body)).toMatchObject({ code: 'upstream_failed' });
    expect(good.status).toBe(200);
    for (const lease of bench.source.leases) await lease.released;
  });

  it('a body that breaks off does not look whole', async () => {
    await bench.rawApp('web:acme', (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
    );
    await expect(bench.fetch()).rejects.toThrow();
  });

  it('bytes after its answer reach no client', async () => {
    let served = 0;
    await bench.rawApp('web:acme', (socket) =>
      socket.on('data', () => {
        served += 1;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${served}HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\n\r\n`);
      }),
    );
    for (const expected of ['1', '2', '3']) {
      const { body, raw } = await bench.fetch();
      expect(body).toBe(expected);
      expect(raw).not.toContain('X-Smuggled');
    }
  });
});

describe('clients of all kinds', () => {
  it('that speak HTTP/1.0 get no chunks, and the connection closes', async () => {
    await bench.app('web:acme', (_request, response) => {
      response.write('one ');
      response.end('two');
    });
    const answer = await bench.raw('GET / HTTP/1.0\r\nHost: acme.localhost\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer).toMatch(/\r\n\r\none two$/);
  });

  it('that vanish in mid-response by the hundred leave no descriptor behind', async () => {
    await bench.app('web:acme', (_request, response) => {
      response.write('x'.repeat(100_000));
    });
    const open = () => readdirSync('/proc/self/fd').length;
    const vanish = async () => {
      const socket = await bench.socket();
      socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
      await once(socket, 'data');
      socket.resetAndDestroy();
    };
    await vanish();
    const before = open();
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 50 }, vanish));
    await expect.poll(open).toBeLessThanOrEqual(before + 2);
    for (const lease of bench.source.leases) await lease.released;
  });
});

describe('the time to an answer', () => {
  let tenant: Server;
  let asked: number;
  beforeEach(async () => {
    // The test controls the proxy's time.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    asked = 0;
    tenant = await bench.app('web:acme', (request, response) => {
      asked += 1;
      request.resume().once('end', () => tenant.emit('asked', response));
    });
  });
  afterEach(() => void vi.useRealTimers());

  /** The status of a request that its tenant answers `afterMs` after its arrival. */
  async function statusOf(afterMs: number): Promise<number> {
    const arrived = once(tenant, 'asked') as Promise<[ServerResponse]>;
    const answer = bench.fetch({ method: 'POST' }, 'x');
    const [response] = await arrived;
    vi.advanceTimersByTime(afterMs);
    response.end('x');
    return (await answer).status;
  }

  it('is counted for each request anew on the same connection', async () => {
    bench.source.requestTimeoutMs = 800;
    for (let round = 0; round < 3; round += 1) expect(await statusOf(300)).toBe(200);
    expect(await statusOf(800)).toBe(504);
    expect(asked).toBe(4);
  });

  it('ends no request whose answer came in time and could not be read yet (bug: 504)', async () => {
    bench.source.requestTimeoutMs = 800;
    const arrived = once(tenant, 'asked') as Promise<[ServerResponse]>;
    const answer = bench.fetch({ method: 'POST' }, 'x');
    const [response] = await arrived;
    // After a blocked event loop, timers run first, and then the events that have come in.
    realSetTimeout(() => {
      response.end('x');
      vi.advanceTimersByTime(800);
    }, 1);
    expect((await answer).status).toBe(200);
  });

  it('is that of the current request, where the last one had longer', async () => {
    bench.source.requestTimeoutMs = 60_000;
    expect(await statusOf(0)).toBe(200);
    bench.source.requestTimeoutMs = 50;
    expect(await statusOf(50)).toBe(504);
  });

  it('is unlimited where the request has no limit, though the last one had', async () => {
    bench.source.requestTimeoutMs = 500;
    expect(await statusOf(0)).toBe(200);
    bench.source.requestTimeoutMs = 0;
    expect(await statusOf(600)).toBe(200);
  });
});
