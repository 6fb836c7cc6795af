import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { groupMembers, identityOf, isAlive, readStat, withEnvironmentEntry } from '../../src/process/proc.ts';

/** A process that has said that it runs. */
async function startProcess(env: Record<string, string> = {}, code = '') {
  const child = spawn(process.execPath, ['-e', `${code};console.log(1);setInterval(()=>{},1000)`], {
    env,
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
  const { pid } = await startProcess({}, "process.title = ') R 1 (x'");
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

test('the members of a group are its processes', async () => {
  const { pid } = await startProcess();
  expect(groupMembers(pid)).toEqual([identityOf(pid)]);
});

test('a process is found by an exact entry of its environment, not by part of one', async () => {
  // Of this run alone: another may test the same on this machine.
  const path = `/x/proc-test-${process.pid}/s`;
  const { pid } = await startProcess({ SOCKET_PATH: path });
  expect(withEnvironmentEntry(`SOCKET_PATH=${path}`)).toEqual([identityOf(pid)]);
  expect(withEnvironmentEntry(`SOCKET_PATH=${dirname(path)}`)).toEqual([]);
  expect(withEnvironmentEntry(`PATH=${path}`)).toEqual([]);
});
