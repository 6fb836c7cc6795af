import { once } from 'node:events';
import { renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { askHealth } from '../../../src/process/child/probe.ts';
import { makeDir } from '../support.ts';

// Whether a file system records the stamps is checked once for each: here again in each test.
beforeEach(() => vi.resetModules());

async function stampAt(path: string) {
  const { ConnectStamp } = await import('../../../src/process/sockets/connect-stamp.ts');
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

/** Expects a report of one connection, and of no other. */
async function expectToTell(path: string): Promise<void> {
  await listenAt(path);
  const stamp = await stampAt(path);
  await stamp.begin();
  expect(stamp.take()).toBe(false);
  await once(connect(path), 'close');
  expect([stamp.take(), stamp.take()]).toEqual([true, false]);
}

test('a connection is reported once', async () => {
  await expectToTell(join(makeDir(), 's'));
});

test('a connection is reported once after a process that died as it became ready (bug: none seemed idle any more)', async () => {
  const dir = makeDir();
  await leaveDeadSocket(join(dir, 'dead'));
  await (await stampAt(join(dir, 'dead'))).begin();
  await expectToTell(join(dir, 's'));
});

test('a connection is reported once after a socket that was removed during a probe', async () => {
  const dir = makeDir();
  await listenAt(join(dir, 'removed'));
  const begun = (await stampAt(join(dir, 'removed'))).begin();
  rmSync(join(dir, 'removed'));
  await begun;
  await expectToTell(join(dir, 's'));
});

/** The stamp of a server that answers no request until `answer` is called. */
async function stampedServer() {
  const path = join(makeDir(), 's');
  const { promise: told, resolve: answer } = Promise.withResolvers<void>();
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => {});
    void told.then(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  await once(server.listen(path), 'listening');
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const stamp = await stampAt(path);
  await stamp.begin();
  const probe = () =>
    stamp.except(() => askHealth({ socketPath: path }, { path: '/health', host: 'localhost', timeoutMs: 10_000 }));
  return { stamp, probe, answer, connectTo: () => void connect(path).on('error', () => {}) };
}

test('a probe does not count, not even while it waits for its answer', async () => {
  const { stamp, probe, answer } = await stampedServer();
  const probing = probe();
  expect(stamp.take()).toBe(false);
  answer();
  expect(await probing).toEqual({ ok: true });
  expect(stamp.take()).toBe(false);
});

test('a connection made while a probe waits for its answer counts', async () => {
  const { stamp, probe, answer, connectTo } = await stampedServer();
  const probing = probe();
  connectTo();
  answer();
  expect(await probing).toEqual({ ok: true });
  expect(stamp.take()).toBe(true);
  expect(stamp.take()).toBe(false);
});

test('a connection made before a probe counts', async () => {
  const { stamp, probe, answer, connectTo } = await stampedServer();
  connectTo();
  const probing = probe();
  answer();
  expect(await probing).toEqual({ ok: true });
  expect(stamp.take()).toBe(true);
});
