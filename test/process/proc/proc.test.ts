import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf, isAlive, readStat } from '../../../src/process/proc/proc.ts';

/** A process that has printed that it runs. */
async function startProcess(code = '') {
  const child = spawn(process.execPath, ['-e', `${code};console.log(1);setInterval(()=>{},1000)`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return { child, pid: child.pid ?? 0 };
}

test('the stat of a process is read although its name holds parentheses and spaces', async () => {
  const { pid } = await startProcess("process.title = ') R 1 (x'");
  expect(readStat(pid)).toMatchObject({ pid, ppid: process.pid, pgrp: pid });
  expect(readStat(pid)?.startTicks).toBeGreaterThan(0);
});

test('a process is its pid and its start time', async () => {
  const { child, pid } = await startProcess();
  const identity = identityOf(pid);
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ pid, startTicks: (identity.startTicks ?? 0) - 1 })).toBe(false);
  expect(isAlive({ pid, startTicks: null })).toBe(false);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(isAlive(identity)).toBe(false);
});
