import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askHealth, tryConnect } from '../../../src/process/child/probe.ts';
import { inline, makeBench, makeDir, PATIENT } from '../support.ts';

const CHECK = { path: '/', host: 'acme.localhost', timeoutMs: 5000 };

test('a connection made in time counts, though it is noticed late (bug: a busy server found no child ready)', async () => {
  const socketPath = join(makeDir(), 's');
  const server = createServer((socket) => socket.destroy()).listen(socketPath);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const result = tryConnect({ socketPath }, 50);
  standStill(100);
  expect(await result).toBe('accepted');
});

test('an answer that came in time counts, though it is noticed late', async () => {
  const bench = makeBench();
  const answered = join(bench.dir, 'answered');
  const code = `require('node:http').createServer((_, response) => {
    console.log('asked');
    response.end(() => require('node:fs').writeFileSync(${JSON.stringify(answered)}, ''));
  }).listen(process.env.SOCKET_PATH)`;
  const child = await bench.launch({ command: inline(code) });
  await child.waitReady(PATIENT);
  const setRealTimeout = setTimeout;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const result = askHealth(child.upstream, { ...CHECK, timeoutMs: 1000 });
  await bench.sink.printed(/asked/);
  // After a blocked event loop, timers run before the events that have come in.
  const due = new Promise<void>((resolve) => void setRealTimeout(resolve, 1));
  while (!existsSync(answered)) standStill(5);
  standStill(5);
  await due;
  vi.advanceTimersByTime(1000);
  expect(await result).toEqual({ ok: true });
});

test('a probe whose time is over reports no answer', async () => {
  const bench = makeBench();
  const child = await bench.launch({
    command: inline("require('node:net').createServer().listen(process.env.SOCKET_PATH)"),
  });
  await child.waitReady(PATIENT);
  expect(await askHealth(child.upstream, { ...CHECK, timeoutMs: 50 })).toEqual({
    ok: false,
    detail: 'GET / did not answer within 50 ms',
    isSilent: true,
  });
});

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a probe never connects to a socket elsewhere, however fast a link and a socket change places', async () => {
  const dir = makeDir();
  const [at, own, theirs] = [join(dir, 's'), join(dir, 'own'), join(dir, 'theirs')];
  let reached = 0;
  const victim = createServer((socket) => {
    reached += 1;
    socket.destroy();
  }).listen(theirs);
  const honest = createServer((socket) => socket.destroy()).listen(own);
  onTestFinished(() => [victim, honest].forEach((server) => void server.close()));
  await Promise.all([once(victim, 'listening'), once(honest, 'listening')]);
  const swapper = spawn(process.execPath, ['-e', SWAPPER, at, own, theirs], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void swapper.kill('SIGKILL'));
  await once(swapper.stdout, 'data');
  const results = new Set<string>();
  const enough = () => results.has('accepted') && results.has('refused');
  for (let count = 0; count < 2000 || !enough(); count += 1) {
    results.add(await tryConnect({ socketPath: at }, 5000));
    const { ok } = await askHealth({ socketPath: at }, CHECK);
    expect(ok).toBe(false);
  }
  expect([...results].toSorted()).toEqual(['accepted', 'refused']);
  expect(reached).toBe(0);
});

/** A link to the third path and a name of the second in place of the first, in turn. */
const SWAPPER = `
const { linkSync, renameSync, symlinkSync } = require('node:fs');
const [at, own, theirs] = process.argv.slice(1);
console.log('begins');
for (;;) {
  symlinkSync(theirs, at + 'l');
  renameSync(at + 'l', at);
  linkSync(own, at + 'l');
  renameSync(at + 'l', at);
}`;

test('a refused link is reported by its path, and by no other name', async () => {
  const dir = makeDir();
  const at = join(dir, 's');
  symlinkSync('/nowhere', at);
  expect(await askHealth({ socketPath: at }, CHECK)).toEqual({
    ok: false,
    refused: true,
    detail: `GET / failed: connect ENOTSOCK ${at}`,
  });
  const gone = join(dir, 'gone');
  const server = createServer().listen(gone);
  await once(server, 'listening');
  linkSync(gone, join(dir, 'kept'));
  server.close();
  await once(server, 'close');
  expect(await askHealth({ socketPath: join(dir, 'kept') }, CHECK)).toEqual({
    ok: false,
    refused: true,
    detail: `GET / failed: connect ECONNREFUSED ${join(dir, 'kept')}`,
  });
});
