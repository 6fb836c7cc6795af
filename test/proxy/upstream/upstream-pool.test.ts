/** Which connection a request gets: a tenant may close a kept one at the moment the request is sent. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bench } from '../support.ts';

let bench: Bench;
/** The tenant's ends of the connections, in order of opening. */
let connections: Socket[];
let requests: string[];

beforeEach(async () => {
  // The test controls the proxy's time.
  vi.useFakeTimers({ toFake: ['performance'] });
  bench = await Bench.open();
  connections = [];
  requests = [];
  await bench.rawApp('web:acme', (socket) => {
    connections.push(socket);
    socket.on('data', (bytes) => {
      requests.push(bytes.toString('latin1').split(' ', 1)[0] ?? '');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
});

/** The number of connections after a second request, `idleMs` after the response to the first. */
async function connectionsAfter(method: string, idleMs: number): Promise<number> {
  expect((await bench.fetch()).status).toBe(200);
  vi.advanceTimersByTime(idleMs);
  expect((await bench.fetch({ method })).status).toBe(200);
  return connections.length;
}

test('a POST takes a connection that was used just now', async () => {
  expect(await connectionsAfter('POST', 5)).toBe(1);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('a %s opens a connection after 45 ms (bug: 502)', async (method) => {
  expect(await connectionsAfter(method, 45)).toBe(2);
});

test('a GET, which can be sent again, takes a connection that was used a second ago', async () => {
  expect(await connectionsAfter('GET', 1000)).toBe(1);
});

test('a GET with a body, which cannot be sent again, opens a connection', async () => {
  await bench.fetch();
  vi.advanceTimersByTime(45);
  expect((await bench.fetch({ headers: { 'content-length': '1' } }, 'x')).status).toBe(200);
  expect(connections).toHaveLength(2);
});

test('POSTs that come one at a time leave one connection open, not one for each', async () => {
  for (let count = 0; count < 5; count += 1) {
    await bench.fetch({ method: 'POST' });
    vi.advanceTimersByTime(45);
  }
  expect(connections).toHaveLength(5);
  await expect.poll(() => [...bench.source.connections.values()]).toEqual([1]);
});

test.each(['GET', 'POST'])(
  'a %s goes out on another connection when the tenant has closed this one',
  async (method) => {
    await bench.fetch();
    bench.source.script.push((grant) => {
      // The proxy has not yet read the end.
      connections[0]?.destroy();
      return grant();
    });
    expect((await bench.fetch({ method })).status).toBe(200);
    expect(requests).toEqual(['GET', method]);
    expect(bench.source.leases).toHaveLength(2);
  },
);
