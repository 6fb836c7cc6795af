import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LaunchedProcess } from '../../../src/core/ports.ts';
import { NO_LIMITS } from '../../limits.ts';
import { app, type Bench, get, inline, makeBench, PATIENT, publicSocket } from '../support.ts';

/** The process as the next server gets it, by its record alone. */
function takenBack(bench: Bench, child: LaunchedProcess, change = {}): LaunchedProcess {
  child.release();
  return bench.launcher.adopt(bench.request(change), structuredClone(child.record));
}

test('a process that served serves again, at its public socket', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  const again = takenBack(bench, child);
  expect(await again.waitReady(PATIENT)).toEqual({ ok: true });
  expect(again.upstream).toEqual(child.upstream);
  expect(JSON.parse(await get(again.upstream))).toMatchObject({ tenant: 'acme' });
});

test('a process that was starting becomes ready', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  const again = takenBack(bench, child);
  expect(await again.waitReady(PATIENT)).toEqual({ ok: true });
  expect(existsSync(publicSocket(bench.request().paths))).toBe(true);
});

test('the output of an adopted process is still read', async () => {
  const bench = makeBench();
  const command = inline(
    'process.on("SIGUSR2", () => console.log("two")); console.log("one"); setInterval(() => {}, 1e3)',
  );
  const child = await bench.launch({ command });
  await bench.sink.printed(/one/);
  takenBack(bench, child, { command });
  process.kill(child.identity.pid, 'SIGUSR2');
  expect(await bench.sink.printed(/two/)).toBe('one\ntwo\n');
});

test('an adopted process on a port keeps its port', async () => {
  const bench = makeBench();
  const child = await bench.launch({ listen: 'port' });
  await child.waitReady(PATIENT);
  const again = takenBack(bench, child, { listen: 'port' });
  expect(await again.waitReady(PATIENT)).toEqual({ ok: true });
  expect(JSON.parse(await get(again.upstream))).toMatchObject({ tenant: 'acme' });
});

test('an adopted process on a port that a killed server left frozen by mistake is thawed', async () => {
  const bench = makeBench();
  const child = await bench.launch({ listen: 'port', health: '/health' });
  await child.waitReady(PATIENT);
  child.suspend(NO_LIMITS);
  const again = takenBack(bench, child, { listen: 'port', health: '/health' });
  expect(await again.waitReady(PATIENT)).toEqual({ ok: true });
});

test('a process whose socket was removed while frozen reports that when resumed, and nothing else fails', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  child.suspend(NO_LIMITS);
  const again = takenBack(bench, child);
  if ('socketPath' in again.upstream) rmSync(again.upstream.socketPath);
  expect(again.resume()).toMatch(/its socket could not be moved/);
  await again.terminate(0);
});

test("the exit of an adopted process is noticed, though it is not this server's child", async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  const again = takenBack(bench, child);
  process.kill(child.identity.pid, 'SIGKILL');
  expect(await again.exited).toEqual({ code: null, signal: null });
});

test('an adopted process is ended with its sockets and FIFOs', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('ignores-sigterm') });
  await child.waitReady(PATIENT);
  await takenBack(bench, child).terminate(50);
  await child.exited;
  expect(existsSync(publicSocket(bench.request().paths))).toBe(false);
  const left = readdirSync(join(bench.settings.stateDir, 'output')).filter((name) => !name.startsWith('.'));
  expect(left).toEqual([]);
});

test('a file at the public path is replaced by the socket', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  const path = publicSocket(bench.request().paths);
  renameSync(path, `${path}.moved`);
  writeFileSync(path, '');
  expect(bench.processTable.isPublished(child.record)).toBe(false);
  expect(await takenBack(bench, child).waitReady(PATIENT)).toEqual({ ok: true });
  expect(bench.processTable.isPublished(child.record)).toBe(true);
  expect(JSON.parse(await get({ socketPath: path }))).toMatchObject({ tenant: 'acme' });
});

test('a socket that was on its way to the public path arrives there', async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  const path = publicSocket(bench.request().paths);
  rmSync(path);
  expect(await takenBack(bench, child).waitReady(PATIENT)).toEqual({ ok: true });
  expect(JSON.parse(await get({ socketPath: path }))).toMatchObject({ tenant: 'acme' });
});

test('a later process with its pid is another one', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('never-listens') });
  const { pid, startTicks } = child.record;
  expect(bench.processTable.isAlive({ pid, startTicks })).toBe(true);
  expect(bench.processTable.isAlive({ pid, startTicks: (startTicks ?? 0) - 1 })).toBe(false);
});

test('a process that no record names is found by its environment, and ended', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('never-listens') });
  const { bindSocket } = bench.request().paths;
  // The process has its final environment once its program runs.
  const strays = () => bench.processTable.strays((path) => path === bindSocket);
  await expect.poll(async () => (await strays()).length).toBe(1);
  const [stray] = await strays();
  expect(stray).toMatchObject({ pid: child.identity.pid, bindSocket });
  expect(await bench.processTable.strays(() => false)).toEqual([]);
  if (stray !== undefined) await bench.processTable.endStrays([stray]);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});
