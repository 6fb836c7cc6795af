import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { terminateAll } from '../../../src/process/child/terminate.ts';
import { identityOf, isAlive } from '../../../src/process/proc/proc.ts';
import { app, get, inline, makeBench, makeDir, PATIENT, publicSocket } from '../support.ts';

test('a child that ends on SIGTERM is gone with its sockets', async () => {
  const bench = makeBench();
  const { paths } = bench.request();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  await child.terminate(10_000);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(existsSync(publicSocket(paths))).toBe(false);
  expect(existsSync(dirname(paths.bindSocket))).toBe(false);
});

test('a child that ignores SIGTERM gets SIGKILL when its grace is over, not before', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('ignores-sigterm') });
  await child.waitReady(PATIENT);
  const startedAtMs = performance.now();
  await child.terminate(300);
  expect(performance.now() - startedAtMs).toBeGreaterThan(290);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a child without grace is killed at once', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  await child.terminate(0);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('killing a child starts no program (bug: beside a fork bomb none could start, and the server ended)', async () => {
  const bench = makeBench();
  const bin = makeDir();
  writeFileSync(join(bin, 'ps'), `#!/bin/sh\n: > ${bin}/asked\n`, { mode: 0o755 });
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await child.terminate(0);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(existsSync(join(bin, 'asked'))).toBe(false);
});

test.for([0, 100])('a second call with a grace of %i ms cuts a long one short', async (graceMs) => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('ignores-sigterm') });
  await child.waitReady(PATIENT);
  const first = child.terminate(60_000);
  await Promise.all([first, child.terminate(graceMs)]);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a stopped child gets its SIGTERM', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  process.kill(child.identity.pid, 'SIGSTOP');
  await child.terminate(10_000);
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test('nothing of a child is left: not in its group, not in another session, not forked twice', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('grandchildren') });
  await child.waitReady(PATIENT);
  const pids = Object.values<number>(JSON.parse(await get(child.upstream)));
  const relatives = pids.map(identityOf);
  expect(relatives.map(isAlive)).toEqual([true, true, true]);
  await child.terminate(200);
  expect(relatives.map(isAlive)).toEqual([false, false, false]);
});

test('processes that survive a child that exited by itself are ended too', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('survivor') });
  const survivor = identityOf(Number(await bench.sink.printed(/\d+\n/)));
  await child.exited;
  expect(isAlive(survivor)).toBe(true);
  await child.terminate(100);
  expect(isAlive(survivor)).toBe(false);
});

test('a forced end does not need the program `ps`', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('grandchildren') });
  await child.waitReady(PATIENT);
  const relatives = Object.values<number>(JSON.parse(await get(child.upstream))).map(identityOf);
  vi.stubEnv('PATH', '/nonexistent');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await child.terminate(0);
  expect(relatives.some(isAlive)).toBe(false);
});

test('a public path that something else has taken is left alone', async () => {
  const bench = makeBench();
  const { paths } = bench.request();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  unlinkSync(publicSocket(paths));
  writeFileSync(publicSocket(paths), 'the next one');
  await child.terminate(5000);
  expect(existsSync(publicSocket(paths))).toBe(true);
});

test('a group whose number has passed to another process is not signalled', async () => {
  const stranger = spawn(process.execPath, ['-e', 'console.log(1);setInterval(()=>{},1000)'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    stranger.kill('SIGKILL');
  });
  await once(stranger.stdout, 'data');
  const now = identityOf(stranger.pid ?? 0);
  await terminateAll({
    leader: { pid: now.pid, startTicks: (now.startTicks ?? 0) - 1 },
    exited: Promise.resolve(),
    socketPath: '/no/such/instance',
    hurry: PATIENT,
    cgroup: null,
    graceMs: 50,
  });
  expect(isAlive(now)).toBe(true);
});

test('a process gets SIGTERM while its namespace is still being created (bug: SIGKILL after its grace)', async () => {
  // Like bwrap, it has a first process, which starts the program.
  const file = join(makeDir(), 'bwrap');
  writeFileSync(file, '#!/bin/sh\necho runs; read go; (sleep 1000; echo "ended by $?") & wait\n', { mode: 0o755 });
  const child = spawn(file, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const leader = identityOf(child.pid ?? 0);
  onTestFinished(() => {
    if (isAlive(leader)) process.kill(-leader.pid, 'SIGKILL');
  });
  await once(child.stdout, 'data');
  const printed = text(child.stdout);
  const exited = once(child, 'exit');
  const socketPath = '/no/such/instance';
  const ended = terminateAll({ leader, exited, socketPath, hurry: PATIENT, cgroup: null, graceMs: 20_000 });
  child.stdin.end('go\n');
  await ended;
  expect(await printed).toBe(`ended by ${128 + constants.signals.SIGTERM}\n`);
});

test('a process that a child starts while it is being ended does not outlive it', async () => {
  const bench = makeBench();
  const code = `
    const { spawn } = require('node:child_process');
    process.on('SIGTERM', () => spawn(process.execPath, ['-e', 'console.log("late", process.pid, ""); setInterval(() => {}, 1000)'],
      { detached: true, stdio: ['ignore', 'inherit', 'ignore'] }));
    require('node:http').createServer().listen(process.env.SOCKET_PATH)`;
  const child = await bench.launch({ command: inline(code) });
  await child.waitReady(PATIENT);
  const ended = child.terminate(20_000);
  const [, pid] = /late (\d+) /.exec(await bench.sink.printed(/late \d+ /)) ?? [];
  const late = identityOf(Number(pid));
  await Promise.all([ended, child.terminate(0)]);
  expect(isAlive(late)).toBe(false);
});
