import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listenerBelongsTo, releasePort, takePort } from '../../src/process/port.ts';

async function listenOn(port: number, host: string): Promise<number> {
  const server = createServer().listen(port, host);
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('no port is handed out twice while it is held', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, takePort));
  expect(new Set(ports).size).toBe(50);
  for (const port of ports) releasePort(port);
});

test('a listener belongs to the process that holds it, and to no other', async () => {
  const port = await listenOn(0, '127.0.0.1');
  expect(listenerBelongsTo(port, process.pid)).toBe(true);
  expect(listenerBelongsTo(port, 2 ** 22 + 1)).toBe(false);
});

test('a listener on all addresses counts, one on another address does not', async () => {
  expect(listenerBelongsTo(await listenOn(0, '0.0.0.0'), process.pid)).toBe(true);
  expect(listenerBelongsTo(await listenOn(0, '127.0.0.2'), process.pid)).toBe(false);
});
