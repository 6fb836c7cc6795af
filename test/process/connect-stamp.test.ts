import { once } from 'node:events';
import { renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { makeDir } from './support.ts';

// Whether a file system stamps is tried once for each: here anew in each test.
beforeEach(() => vi.resetModules());

async function stampAt(path: string) {
  const { ConnectStamp } = await import('../../src/process/connect-stamp.ts');
  return new ConnectStamp(path);
}

async function listenAt(path: string) {
  const server = createServer((socket) => socket.destroy()).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server;
}

/** A socket whose process has ended. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = await listenAt(`${path}-bound`);
  renameSync(`${path}-bound`, path);
  server.close();
  await once(server, 'close');
}

/** Whether it tells of a connection, and of no other. */
async function expectToTell(path: string): Promise<void> {
  await listenAt(path);
  const stamp = await stampAt(path);
  await stamp.begin();
  expect(stamp.take()).toBe(false);
  await once(connect(path), 'close');
  expect([stamp.take(), stamp.take()]).toEqual([true, false]);
}

test('who connected is known, once', async () => {
  await expectToTell(join(makeDir(), 's'));
});

test('that holds also after one that died as it became ready (bug: then none seemed to be idle any more)', async () => {
  const dir = makeDir();
  await leaveDeadSocket(join(dir, 'dead'));
  await (await stampAt(join(dir, 'dead'))).begin();
  await expectToTell(join(dir, 's'));
});

test('and after one whose socket was removed while it was tried', async () => {
  const dir = makeDir();
  await listenAt(join(dir, 'removed'));
  const begun = (await stampAt(join(dir, 'removed'))).begin();
  rmSync(join(dir, 'removed'));
  await begun;
  await expectToTell(join(dir, 's'));
});
