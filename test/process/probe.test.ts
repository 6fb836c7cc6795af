import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askHealth, tryConnect } from '../../src/process/probe.ts';
import { inline, makeBench, makeDir, PATIENT } from './support.ts';

const CHECK = { path: '/', host: 'acme.localhost', timeoutMs: 5000 };

test('a connection was made in time, though it is seen late (bug: a busy server took no child for ready)', async () => {
  const socketPath = join(makeDir(), 's');
  const server = createServer((socket) => socket.destroy()).listen(socketPath);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const result = tryConnect({ socketPath }, 50);
  standStill(100);
  expect(await result).toBe('accepted');
});

test('an answer came in time, though it is seen late', async () => {
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
  // What is due after a standstill: the timers, and then what has come in.
  const due = new Promise<void>((resolve) => void setRealTimeout(resolve, 1));
  while (!existsSync(answered)) standStill(5);
  standStill(5);
  await due;
  vi.advanceTimersByTime(1000);
  expect(await result).toEqual({ ok: true });
});

test('none is told when the time is over', async () => {
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
