import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ClientResponse } from '../../src/proxy/client/client.ts';
import { InFlight } from '../../src/proxy/in-flight.ts';

const SIZE = 32 * 1024 * 1024;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A client that does not read, and the server's side of it with more data than the system's buffers hold. */
async function unsent(): Promise<{ client: Socket; side: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [side] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(client, side);
  side.write(Buffer.alloc(SIZE));
  expect(side.writableLength).toBeGreaterThan(0);
  return { client, side };
}

async function received(client: Socket): Promise<number> {
  let bytes = 0;
  for await (const chunk of client) bytes += chunk.length;
  return bytes;
}

test('closing does not cut an answer that is written and not yet sent (bug: it lost its end)', async () => {
  const { client, side } = await unsent();
  const inFlight = new InFlight();
  inFlight.connected(side, {});
  const drained = inFlight.drain(60_000);
  expect(await received(client)).toBe(SIZE);
  await drained;
});

test('closing does not cut an answer that is still owed when it begins', async () => {
  const { client, side } = await unsent();
  const inFlight = new InFlight();
  inFlight.connected(side, {});
  const response = { headersSent: true, req: { socket: side } } as unknown as ClientResponse;
  inFlight.begin(response);
  const drained = inFlight.drain(60_000);
  inFlight.end(response);
  expect(await received(client)).toBe(SIZE);
  await drained;
});

test('a client that does not take its answer is waited for no longer than the grace', async () => {
  const { side } = await unsent();
  const inFlight = new InFlight();
  inFlight.connected(side, {});
  await inFlight.drain(10);
  expect(side.destroyed).toBe(true);
});

test('answers on a connection that is gone are not waited for, even without an event of its end', async () => {
  const { side } = await unsent();
  const inFlight = new InFlight();
  const response = { headersSent: true, req: { socket: side } } as unknown as ClientResponse;
  // After a fault in the listener of its end, neither the connection nor the response was counted out.
  side.once = () => side;
  inFlight.connected(side, {});
  inFlight.begin(response);
  const drained = inFlight.drain(60_000);
  side.destroy();
  await drained;
});

/** A connection on which nothing is under way. */
async function idle(): Promise<{ client: Socket; side: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [side] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(client, side);
  return { client, side };
}

test('with patience, a request that is on its way gets the last response of its connection', async () => {
  const { side } = await idle();
  const inFlight = new InFlight();
  inFlight.connected(side, {});
  const drained = inFlight.drain(60_000, undefined, 60_000);
  const response = { headersSent: false, shouldKeepAlive: true, req: { socket: side } } as unknown as ClientResponse;
  inFlight.begin(response);
  expect(response.shouldKeepAlive).toBe(false);
  inFlight.end(response);
  // The reader of the connection closes it after its last response.
  expect(side.destroyed).toBe(false);
  side.destroySoon();
  await drained;
});

test('an idle connection is closed when the patience is over', async () => {
  const { side } = await idle();
  const inFlight = new InFlight();
  inFlight.connected(side, {});
  await inFlight.drain(60_000, undefined, 10);
  expect(side.destroyed).toBe(true);
});

test('a connection that announces its end does so with its next request, as long as others may come', async () => {
  const { side } = await idle();
  const inFlight = new InFlight();
  let told = 0;
  const leave = () => {
    told += 1;
    side.destroySoon();
  };
  inFlight.connected(side, { leave });
  const drained = inFlight.drain(60_000, undefined, 60_000);
  expect(told).toBe(0);
  const response = { headersSent: false, req: { socket: side } } as unknown as ClientResponse;
  inFlight.begin(response);
  expect(told).toBe(1);
  inFlight.end(response);
  await drained;
});
