import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { askContainer } from '../../../../src/process/isolation/runsc/ask-container.ts';
import { identityOf } from '../../../../src/process/proc/proc.ts';

test('a container that has ended meanwhile gets no signal', () => {
  const { pid } = spawnSync('true');
  expect(() => askContainer({ pid, startTicks: 1 })).not.toThrow();
});

test('a runsc that runs no container yet is ended itself', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  askContainer(identityOf(child.pid ?? 0));
  expect(await exited).toEqual([null, 'SIGTERM']);
});
