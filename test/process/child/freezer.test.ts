import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { freeze, thaw } from '../../../src/process/child/freezer.ts';
import { identityOf } from '../../../src/process/proc/proc.ts';

const STAY = 'setInterval(() => {}, 1000)';
/** One process in its parent's group, and one with a session of its own. */
const PARENT = `const { spawn } = require('node:child_process');
const children = [false, true].map((detached) => spawn(process.execPath, ['-e', ${JSON.stringify(STAY)}], { detached, stdio: 'ignore' }));
console.log(JSON.stringify(children.map(({ pid }) => pid)));
${STAY}`;

const stateOf = (pid: number) => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

async function family(): Promise<{ parent: ChildProcess; pids: number[] }> {
  const parent = spawn(process.execPath, ['-e', PARENT], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data');
  const pids = [parent.pid ?? 0, ...JSON.parse(String(line))];
  onTestFinished(() => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  });
  return { parent, pids };
}

/** A process takes a signal when it next runs. */
async function allIn(pids: readonly number[], isThere: (state: string | undefined) => boolean): Promise<void> {
  while (!pids.map(stateOf).every(isThere)) await new Promise(setImmediate);
}

test('without a freezer all processes of a family are stopped and continued', async () => {
  const { parent, pids } = await family();
  const whole = { leader: identityOf(parent.pid ?? 0), cgroup: null };
  freeze(whole);
  await allIn(pids, (state) => state === 'T');
  thaw(whole);
  await allIn(pids, (state) => state !== 'T');
});

test('a freezer that this kernel does not have counts as none', async () => {
  const { parent, pids } = await family();
  const whole = { leader: identityOf(parent.pid ?? 0), cgroup: { freeze: () => false } };
  freeze(whole);
  await allIn(pids, (state) => state === 'T');
});

test('with a freezer no signal is sent', async () => {
  const { parent, pids } = await family();
  const frozen: boolean[] = [];
  const cgroup = {
    freeze(on: boolean) {
      frozen.push(on);
      return true;
    },
  };
  freeze({ leader: identityOf(parent.pid ?? 0), cgroup });
  expect(pids.map(stateOf)).not.toContain('T');
  thaw({ leader: identityOf(parent.pid ?? 0), cgroup });
  expect(frozen).toEqual([true, false]);
});

test('a process that is gone is left alone, whichever process has its pid now', () => {
  const other = { ...identityOf(process.pid), startTicks: 1 };
  freeze({ leader: other, cgroup: null });
  expect(stateOf(process.pid)).not.toBe('T');
});
