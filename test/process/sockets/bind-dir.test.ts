import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import { freshBindDir, isBindSocket, removeBindDir } from '../../../src/process/sockets/bind-dir.ts';
import { keepAccess, takeOverSocket, withdrawSocket } from '../../../src/process/sockets/public-socket.ts';
import { Trash } from '../../../src/process/storage/trash.ts';
import { makeBench, makeDir } from '../support.ts';

const UID = process.getuid?.() ?? 0;
const modeOf = (path: string) => statSync(path).mode & 0o777;

function makeTrash(): Trash {
  const trash = new Trash({ logger: silentLogger() });
  onTestFinished(() => trash.close());
  return trash;
}

test('the bind directory is emptied before each start', async () => {
  const trash = makeTrash();
  const socket = join(makeDir(), '.tenement-0/api-acme/s');
  freshBindDir(socket, null, trash);
  mkdirSync(join(socket, 'left/behind'), { recursive: true });
  freshBindDir(socket, null, trash);
  expect(readdirSync(dirname(socket))).toEqual([]);
  expect(modeOf(dirname(socket))).toBe(0o700);
  await trash.settled();
  expect(readdirSync(join(socket, '../..'))).toEqual(['api-acme']);
});

test('the directory of the public socket can be entered by those who connect to it', () => {
  const dir = makeDir();
  freshBindDir(join(dir, 'sockets/.tenement-0/api-acme/s'), null, makeTrash());
  expect(modeOf(join(dir, 'sockets'))).toBe(0o777 & ~process.umask());
  // A tenant with a user of its own passes through it, and cannot list it.
  expect(modeOf(join(dir, 'sockets/.tenement-0'))).toBe(0o711);
});

test('removing a bind directory never follows a link in place of its parent', () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'precious/api-acme'), { recursive: true });
  writeFileSync(join(dir, 'precious/api-acme/file'), 'keep');
  symlinkSync(join(dir, 'precious'), join(dir, '.tenement-0'));
  removeBindDir(join(dir, '.tenement-0/api-acme/s'), makeTrash());
  expect(existsSync(join(dir, 'precious/api-acme/file'))).toBe(true);
});

test.each(['a link', 'a file', 'a directory'])(
  '%s in the place of the socket is refused and taken away',
  async (kind) => {
    const trash = makeTrash();
    const dir = makeDir();
    const bindSocket = join(dir, '.tenement-0/api-acme/s');
    const upstreamSocket = join(dir, '.tenement-0/api-acme.s');
    freshBindDir(bindSocket, null, trash);
    mkdirSync(join(dir, 'precious'));
    writeFileSync(join(dir, 'precious/file'), 'keep');
    if (kind === 'a link') symlinkSync(join(dir, 'precious'), bindSocket);
    if (kind === 'a file') writeFileSync(bindSocket, '');
    if (kind === 'a directory') mkdirSync(join(bindSocket, 'x/y'), { recursive: true });
    expect(() => takeOverSocket({ bindSocket, upstreamSocket }, trash)).toThrow('is not a socket');
    expect(existsSync(upstreamSocket)).toBe(false);
    expect(existsSync(join(dir, 'precious/file'))).toBe(true);
    await trash.settled();
    expect(readdirSync(join(dir, '.tenement-0'))).toEqual(['api-acme']);
  },
);

test('a socket stays where its process bound it, and has a name that the process cannot replace', async () => {
  const trash = makeTrash();
  const dir = makeDir();
  const bindSocket = join(dir, '.tenement-0/api-acme/s');
  const upstreamSocket = join(dir, '.tenement-0/api-acme.s');
  freshBindDir(bindSocket, null, trash);
  const server = createServer().listen(bindSocket);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  takeOverSocket({ bindSocket, upstreamSocket }, trash);
  expect(statSync(bindSocket).ino).toBe(statSync(upstreamSocket).ino);
  chmodSync(bindSocket, 0o666);
  keepAccess(upstreamSocket, statSync(upstreamSocket), { socketMode: 0o640, socketGroup: null });
  expect(modeOf(bindSocket)).toBe(0o640);
  rmSync(bindSocket);
  symlinkSync('/dev/null', bindSocket);
  takeOverSocket({ bindSocket, upstreamSocket }, trash);
  expect(statSync(upstreamSocket).isSocket()).toBe(true);
});

test('directories that an earlier server took over without examining them are examined', () => {
  const trash = makeTrash();
  const dir = makeDir();
  const bindSocket = join(dir, '.tenement-0/api-acme/s');
  const upstreamSocket = join(dir, '.tenement-0/api-acme.s');
  freshBindDir(bindSocket, null, trash);
  symlinkSync('/dev/log', upstreamSocket);
  expect(() => takeOverSocket({ bindSocket, upstreamSocket }, trash)).toThrow('is not a socket');
  expect(existsSync(upstreamSocket)).toBe(false);
});

test('a directory with nothing but the socket in it is removed at once', async () => {
  const dir = makeDir();
  const bindSocket = join(dir, '.tenement-0/api-acme/s');
  const trash = makeTrash();
  freshBindDir(bindSocket, null, trash);
  const server = createServer().listen(bindSocket);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  removeBindDir(bindSocket, trash);
  expect(readdirSync(join(dir, '.tenement-0'))).toEqual([]);
});

test("a directory in place of the socket's destination does not crash the withdrawal", () => {
  const dir = makeDir();
  const upstreamSocket = join(dir, 'api-acme.s');
  mkdirSync(join(upstreamSocket, 'x'), { recursive: true });
  withdrawSocket(upstreamSocket, null, makeTrash());
  expect(existsSync(upstreamSocket)).toBe(false);
});

test('nothing is removed at a path where a process claims to bind', () => {
  const bench = makeBench();
  const elsewhere = join(bench.dir, `elsewhere/.tenement-${UID}/api-acme`);
  mkdirSync(join(bench.dir, 'etc/ssh'), { recursive: true });
  mkdirSync(elsewhere, { recursive: true });
  symlinkSync('elsewhere', join(bench.dir, 'alias'));
  const claims = [
    join(bench.dir, 'etc/ssh/s'),
    join(bench.dir, `alias/.tenement-${UID}/api-acme/s`),
    `${bench.dir}/alias/../elsewhere/.tenement-${UID}/api-acme/s`,
    join(bench.dir, `elsewhere/.tenement-${UID + 1}/api-acme/s`),
    `elsewhere/.tenement-${UID}/api-acme/s`,
  ];
  for (const bindSocket of claims) {
    expect(isBindSocket(bindSocket)).toBe(false);
    bench.processTable.forget({ bindSocket, publicSocket: null, cgroup: [] }, null);
  }
  expect(existsSync(join(bench.dir, 'etc/ssh'))).toBe(true);
  expect(existsSync(elsewhere)).toBe(true);
  bench.processTable.forget({ bindSocket: join(elsewhere, 's'), publicSocket: null, cgroup: [] }, null);
  expect(existsSync(elsewhere)).toBe(false);
});
