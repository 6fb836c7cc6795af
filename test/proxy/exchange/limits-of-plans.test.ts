/** What a client sees of the limits of a plan, and what counts towards them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Refusal } from '../../../src/core/admission/serving.ts';
import { Bench, readUntil } from '../support.ts';

const REFUSAL: Refusal = {
  refused: 'quota_exceeded',
  retryAfterS: 90,
  rateLimit: { policy: '"requests";q=500;w=2592000', limit: '"requests";r=0;t=90' },
};

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('a request over a limit', () => {
  beforeEach(async () => {
    await bench.app('web:acme', (_request, response) => response.end('served'));
    bench.source.script.push(() => REFUSAL);
  });

  it('is told the limit, what is left of it, and when to come again', async () => {
    const { status, headers, body } = await bench.fetch();
    expect([status, JSON.parse(body).code]).toEqual([429, 'quota_exceeded']);
    expect(headers).toMatchObject({
      'retry-after': '90',
      'ratelimit-policy': '"requests";q=500;w=2592000',
      ratelimit: '"requests";r=0;t=90',
    });
  });

  it('is told the same as an upgrade', async () => {
    const socket = await bench.socket();
    socket.write('GET / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const answer = await readUntil(socket, 'quota_exceeded');
    expect(answer).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
    expect(answer).toContain('\r\nRateLimit-Policy: "requests";q=500;w=2592000\r\nRateLimit: "requests";r=0;t=90\r\n');
  });
});

describe('a request that the process never got', () => {
  beforeEach(() => bench.source.upstreams.set('web:acme', { socketPath: `${bench.dir}/gone.sock` }));

  it('is given back', async () => {
    expect((await bench.fetch()).status).toBe(502);
    expect(bench.source.leases.map(({ outcome }) => outcome)).toEqual(['unsent', 'unsent']);
  });

  it('is given back as an upgrade', async () => {
    const socket = await bench.socket();
    socket.write(
      'GET / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await readUntil(socket, 'upstream_failed');
    await bench.source.leases[0]?.released;
    expect(bench.source.leases.map(({ outcome }) => outcome)).toEqual(['unsent']);
  });
});
