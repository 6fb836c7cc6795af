import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { terminateAll } from '../../../src/process/child/terminate.ts';
import { identityOf, isAlive } from '../../../src/process/proc/proc.ts';
import * as table from '../../../src/process/proc/process-snapshot.ts';
import { app, get, makeBench, PATIENT } from '../support.ts';

vi.mock('../../../src/process/proc/process-snapshot.ts', { spy: true });

beforeEach(() => void vi.clearAllMocks());

/** Started as by a server that may not create cgroups. */
function startWithout(name: string, socketPath: string): ChildProcess {
  const [file = '', ...args] = app(name);
  const env = { SOCKET_PATH: socketPath };
  const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const leader = identityOf(child.pid ?? 0);
  onTestFinished(() => void (isAlive(leader) && process.kill(-leader.pid, 'SIGKILL')));
  return child;
}

function end(child: ChildProcess, socketPath: string, graceMs: number): Promise<void> {
  const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  return terminateAll({
    leader: identityOf(child.pid ?? 0),
    exited,
    socketPath,
    hurry: PATIENT,
    cgroup: null,
    graceMs,
  });
}

function socketIn(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tp-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 's');
}

/** Includes processes that do not listen yet. */
async function pidsOf(socketPath: string): Promise<number[]> {
  await expect.poll(() => answers(socketPath)).toBe(true);
  return Object.values(JSON.parse(await get({ socketPath })));
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath }, (response) => resolve(response.resume().statusCode === 200));
    asked.once('error', () => resolve(false));
    asked.end();
  });
}

test('nothing of a process is left even without cgroups: not in another session, not forked twice', async () => {
  const socketPath = socketIn();
  const child = startWithout('grandchildren', socketPath);
  const relatives = (await pidsOf(socketPath)).map(identityOf);
  expect(relatives.map(isAlive)).toEqual([true, true, true]);
  await end(child, socketPath, 200);
  expect(relatives.map(isAlive)).toEqual([false, false, false]);
});

test('processes that end at the same time share snapshots of all processes (bug: each took several of its own)', async () => {
  const children = Array.from({ length: 20 }, () => {
    const socketPath = socketIn();
    return { socketPath, child: startWithout('never-listens', socketPath) };
  });
  await Promise.all(children.map(({ child, socketPath }) => end(child, socketPath, 0)));
  const looks = vi.mocked(table.lookAtProcesses).mock.results.map(({ value }) => value);
  expect(looks.length).toBeGreaterThanOrEqual(2 * children.length);
  expect(new Set(looks).size).toBeLessThan(looks.length / 5);
});

test('no snapshot of all processes is taken where there is a cgroup (bug: several, in one step)', async (context) => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('grandchildren') });
  if (child.record.cgroup.length === 0) return context.skip('no cgroups: run this as root');
  await child.waitReady(PATIENT);
  const relatives = Object.values<number>(JSON.parse(await get(child.upstream))).map(identityOf);
  await child.terminate(200);
  expect(relatives.map(isAlive)).toEqual([false, false, false]);
  expect(table.lookAtProcesses).not.toHaveBeenCalled();
});
