import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openFrontSocket } from '../../../src/process/sockets/front-socket.ts';

function opened(path: string, onConnection: (socket: Socket) => void = (socket) => socket.destroy()) {
  const group = process.getgid?.() ?? 0;
  const front = openFrontSocket({ path, group, onConnection, onError: () => {} });
  onTestFinished(() => front.close());
  return front;
}

function pathIn(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'run', '@proxy.sock');
}

it('the group may connect, and nobody else', () => {
  const path = pathIn();
  opened(path);
  const { mode, gid } = statSync(path);
  expect([mode & 0o777, gid]).toEqual([0o660, process.getgid?.()]);
});

it('connections are passed on, paused and unread', async () => {
  const path = pathIn();
  const { promise, resolve } = Promise.withResolvers<Socket>();
  opened(path, resolve);
  const client = connect(path);
  // It is closed with the test, perhaps before it has sent this.
  client.on('error', () => {}).end('hello');
  const socket = await promise;
  onTestFinished(() => void socket.destroy());
  expect([socket.isPaused(), socket.bytesRead]).toEqual([true, 0]);
});

it('what an earlier server left is replaced, and the path goes when it is closed', () => {
  const path = pathIn();
  opened(path).close();
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, '');
  const first = opened(path);
  expect(statSync(path).isSocket()).toBe(true);
  const second = opened(path);
  first.close();
  expect(existsSync(path)).toBe(true);
  second.close();
  expect(existsSync(path)).toBe(false);
});

it('the path stays when another descriptor keeps the socket open', () => {
  const path = pathIn();
  const front = opened(path);
  front.leave();
  front.close();
  expect(statSync(path).isSocket()).toBe(true);
});
