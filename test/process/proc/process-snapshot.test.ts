import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { descendantsOf } from '../../../src/process/proc/descendants.ts';
import { identityOf } from '../../../src/process/proc/proc.ts';
import { lookAtProcesses, type Marked, ProcessSnapshot } from '../../../src/process/proc/process-snapshot.ts';

const STAY = 'setInterval(() => {}, 1000)';

/** A process group leader that has printed its line. */
async function start(code: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['-e', `${code};${STAY}`], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, said: String(said) };
}

const pidsOf = (some: readonly { pid: number }[]) => some.map(({ pid }) => pid).sort();

test('a process is found by exactly its socket path, not by a part of it', async () => {
  // A path of this run only: another run may test the same on this machine.
  const path = `/x/table-test-${process.pid}/s`;
  const env = { XSOCKET_PATH: `${path}/other`, SOCKET_PATH: path, DATA_DIR: '/d' };
  const { pid } = await start('console.log(1)', env);
  const table = await lookAtProcesses();
  expect(table.boundTo(path)).toMatchObject([{ ...identityOf(pid), socketPath: path, dataDir: '/d' }]);
  expect([table.boundTo(dirname(path)), table.boundTo(`${path}/other`)]).toEqual([[], []]);
  expect(pidsOf(table.marked())).toContain(pid);
});

test('a family is a group, a session and all their descendants', async () => {
  const child = `${JSON.stringify(STAY)}`;
  const { pid, said } = await start(
    `const { spawn } = require('node:child_process');
    const pids = [false, true].map((detached) => spawn(process.execPath, ['-e', ${child}], { detached }).pid);
    console.log(JSON.stringify(pids))`,
  );
  const children: number[] = JSON.parse(said);
  onTestFinished(() => children.forEach((one) => void process.kill(one, 'SIGKILL')));
  expect(pidsOf((await lookAtProcesses()).familyOf(identityOf(pid)))).toEqual([pid, ...children].sort());
  expect(descendantsOf(pid)?.sort()).toEqual(children.sort());
});

const entry = (pid: number, more: Partial<Marked> = {}): Marked => {
  const { ppid, pgrp, session, startTicks, state } = {
    ppid: 1,
    pgrp: pid,
    session: pid,
    startTicks: 5,
    state: 'S',
    ...more,
  };
  return { pid, ppid, pgrp, session, startTicks, waitedTicks: 0, state, socketPath: null, dataDir: null };
};

test('orphans are found by group and session, and zombies are ignored', () => {
  const table = new ProcessSnapshot([
    entry(20, { pgrp: 10, session: 10 }),
    entry(30, { session: 10 }),
    entry(31, { ppid: 30 }),
    entry(40, { pgrp: 10, state: 'Z' }),
    entry(50),
  ]);
  expect(pidsOf(table.familyOf({ pid: 10, startTicks: 1 }))).toEqual([20, 30, 31]);
});

test('a later process with the pid of the leader has a family of its own', () => {
  const table = new ProcessSnapshot([entry(10, { startTicks: 2 }), entry(20, { pgrp: 10 })]);
  expect(table.familyOf({ pid: 10, startTicks: 1 })).toEqual([]);
});
