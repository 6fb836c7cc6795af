import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from '../../../../src/core/service/service.ts';
import type { ClientRequest, ClientResponse } from '../../../../src/proxy/client/client.ts';
import { ClientConnections } from '../../../../src/proxy/client/plain/client-connections.ts';

const GET = 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n';
const sockets: Socket[] = [];
let server: Server;
let silent: Socket[];
beforeEach(() => {
  // The test controls the time.
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

/** A client and the server's side of its connection; `answer` answers its requests. */
async function open(
  limits: Partial<ProxyLimits>,
  answer: (response: ClientResponse, request: ClientRequest) => void,
): Promise<{ client: Socket; side: Socket }> {
  silent = [];
  const clients = new ClientConnections({
    limits: { ...DEFAULT_PROXY_LIMITS, ...limits },
    serve: (request, response) => ({ start: () => answer(response, request), closed: () => {}, drained: () => {} }),
    onHandOver: () => {},
    onSilent: (socket) => {
      silent.push(socket);
      socket.destroy();
    },
  });
  server = createServer({ allowHalfOpen: true }, (socket) => clients.take(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [side] = (await once(server, 'connection')) as [Socket];
  sockets.push(client, side);
  return { client, side };
}

test('a connection without a request within the time-out is reported', async () => {
  const { side } = await open({ headerTimeoutMs: 30 }, () => {});
  vi.advanceTimersByTime(30);
  await expect.poll(() => silent[0]).toBe(side);
});

test('a connection whose request waits to be read is not reported (bug: 408 beside its answer)', async () => {
  let asked = 0;
  const { side } = await open({ headerTimeoutMs: 30 }, () => {
    asked += 1;
  });
  vi.advanceTimersByTime(30);
  side.emit('data', Buffer.from(GET));
  await turn();
  await turn();
  expect({ asked, silent }).toEqual({ asked: 1, silent: [] });
});

test('a connection that another reader has taken is not reported', async () => {
  const { side } = await open({ headerTimeoutMs: 30 }, () => {});
  vi.advanceTimersByTime(30);
  side.emit('data', Buffer.from('\r\n'));
  await turn();
  await turn();
  expect(silent).toEqual([]);
});

test('a connection whose next request waits to be read is not closed (bug: it was, after a long turn)', async () => {
  let asked = 0;
  const { side } = await open({ keepAliveTimeoutMs: 30 }, (response) => {
    asked += 1;
    response.writeHead(204, undefined, []);
    response.end();
  });
  side.emit('data', Buffer.from(GET));
  vi.advanceTimersByTime(1000);
  side.emit('data', Buffer.from(GET));
  await turn();
  await turn();
  expect({ asked, closed: side.destroyed }).toEqual({ asked: 2, closed: false });
});

test('a connection that is idle between two requests is closed, however much of its answer is unread', async () => {
  const answered = Promise.withResolvers<void>();
  const { client, side } = await open({ headerTimeoutMs: 30, keepAliveTimeoutMs: 30 }, (response) => {
    response.writeHead(200, undefined, ['Content-Length', String(64 * 1024 * 1024)]);
    response.end(Buffer.alloc(64 * 1024 * 1024));
    answered.resolve();
  });
  client.pause();
  client.write(GET);
  await answered.promise;
  const closed = once(side, 'close');
  vi.advanceTimersByTime(30);
  await closed;
  expect(silent).toEqual([]);
});

test('a connection whose answer has not come stays open', async () => {
  const asked = Promise.withResolvers<ClientResponse>();
  const { client, side } = await open({ headerTimeoutMs: 20, keepAliveTimeoutMs: 20 }, asked.resolve);
  client.write(GET);
  const response = await asked.promise;
  // A second connection is swept while this one waits.
  const other = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(other);
  await once(server, 'connection');
  vi.advanceTimersByTime(20);
  await expect.poll(() => silent.length).toBe(1);
  expect(side.destroyed).toBe(false);
  response.writeHead(204, undefined, []);
  response.end();
  expect(String(await once(client, 'data'))).toContain('204 No Content');
});

test('header lines of a connection that has been idle for a second are not kept', async () => {
  const repeated: boolean[] = [];
  const { side } = await open({}, (response, request) => {
    repeated.push(request.repeated !== null);
    response.writeHead(204, undefined, []);
    response.end();
  });
  const ask = () => side.emit('data', Buffer.from(GET));
  ask();
  ask();
  vi.advanceTimersByTime(2000);
  ask();
  ask();
  expect(repeated).toEqual([false, true, false, true]);
});
