import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf } from '../../../src/process/proc/proc.ts';
import { listenerBelongsTo, releasePort, takePort } from '../../../src/process/sockets/port.ts';

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
  expect(await listenerBelongsTo(port, identityOf(process.pid))).toBe(true);
  expect(await listenerBelongsTo(port, { pid: 2 ** 22 + 1, startTicks: 1 })).toBe(false);
});

test('a listener on all addresses counts, and a listener on another address does not', async () => {
  expect(await listenerBelongsTo(await listenOn(0, '0.0.0.0'), identityOf(process.pid))).toBe(true);
  expect(await listenerBelongsTo(await listenOn(0, '127.0.0.2'), identityOf(process.pid))).toBe(false);
});

test("a listener of an orphan in the process's group still belongs to the process", async () => {
  const port = await takePort();
  const code = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`;
  const child = spawn('/bin/sh', ['-c', '"$@" & exit 0', 'sh', process.execPath, '-e', code], { detached: true });
  const leader = identityOf(child.pid ?? 0);
  onTestFinished(() => void process.kill(-leader.pid, 'SIGKILL'));
  await Promise.all([once(child, 'exit'), once(child.stdout, 'data')]);
  expect(await listenerBelongsTo(port, leader)).toBe(true);
  expect(await listenerBelongsTo(port, { ...leader, pid: 2 ** 22 + 1 })).toBe(false);
});
