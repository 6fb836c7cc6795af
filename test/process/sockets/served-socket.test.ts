import { chmodSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SocketPolicy } from '../../../src/core/service/service.ts';
import { silentLogger } from '../../../src/logger.ts';
import { ServedSocket } from '../../../src/process/sockets/served-socket.ts';
import { Trash } from '../../../src/process/storage/trash.ts';
import { makeDir } from '../support.ts';

const DIRECT: SocketPolicy = { publicSocket: 'direct', socketMode: 0o660, socketGroup: null };
const PROXIED: SocketPolicy = { ...DIRECT, publicSocket: 'proxied' };

/** The socket of a process that listens, before it is taken over. */
async function bound(policy: SocketPolicy) {
  const dir = makeDir();
  mkdirSync(join(dir, 'private/api-acme'), { recursive: true });
  const bindSocket = join(dir, 'private/api-acme/s');
  const publicSocket = join(dir, 'public.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(bindSocket, resolve));
  const record = { pid: process.pid, startTicks: 1, bindSocket, publicSocket, port: null, cgroup: [], spec: '' };
  const trash = new Trash({ logger: silentLogger() });
  const socket = new ServedSocket({ record, policy, trash, onListenerLeft: () => {} });
  onTestFinished(async () => {
    socket.release();
    await new Promise((resolve) => server.close(resolve));
    await trash.close();
  });
  return { socket, bindSocket, publicSocket };
}

const modeOf = (path: string) => lstatSync(path).mode & 0o777;

test('a direct socket is at the public path; a proxied one is not, and is open to the server alone', async () => {
  const direct = await bound(DIRECT);
  expect(await direct.socket.takeOver()).toEqual({ ok: true });
  expect([existsSync(direct.publicSocket), modeOf(direct.socket.path)]).toEqual([true, 0o660]);
  const proxied = await bound(PROXIED);
  expect(await proxied.socket.takeOver()).toEqual({ ok: true });
  expect([existsSync(proxied.publicSocket), modeOf(proxied.socket.path)]).toEqual([false, 0o600]);
});

test('a policy that changes while the process starts holds when it is ready', async () => {
  const { socket, publicSocket } = await bound(DIRECT);
  expect(socket.expose(PROXIED, false)).toBeNull();
  await socket.takeOver();
  expect([existsSync(publicSocket), modeOf(socket.path)]).toEqual([false, 0o600]);
});

test('a policy that changes while it serves takes effect at once, both ways', async () => {
  const { socket, publicSocket } = await bound(PROXIED);
  await socket.takeOver();
  expect(socket.expose(DIRECT, true)).toBeNull();
  expect(lstatSync(publicSocket).ino).toBe(lstatSync(socket.path).ino);
  expect(modeOf(socket.path)).toBe(0o660);
  expect(socket.expose(PROXIED, true)).toBeNull();
  expect(modeOf(socket.path)).toBe(0o600);
});

test('a proxied socket is closed again at the next look when its process opens it, and nobody counts as connected', async () => {
  const { socket, bindSocket } = await bound(PROXIED);
  await socket.takeOver();
  chmodSync(bindSocket, 0o666);
  expect(socket.wasConnected()).toBe(false);
  expect(modeOf(socket.path)).toBe(0o600);
});

test('a socket that is gone cannot be switched, and the reason is given', async () => {
  const { socket } = await bound(PROXIED);
  expect(socket.expose(DIRECT, true)).toMatch(/^its socket could not be moved to .*public\.sock: Error: ENOENT/);
});
