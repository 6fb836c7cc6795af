/** Commands of tenants whose output is kept: bounded in time and size, with nothing left of them. */
import { expect, it } from 'vitest';
import type { PreparedCommand } from '../../src/core/service/operator-command.ts';
import { capturePrepared } from '../../src/local/captured-command.ts';
import { isRunning } from '../e2e/support.ts';

const LONG_MS = 60_000;

function run(script: string, options: { input?: string; timeoutMs?: number; maxBytes?: number; signal?: AbortSignal }) {
  const prepared: PreparedCommand = {
    uid: process.getuid?.() ?? null,
    shell: ['/bin/sh'],
    script: `exec 3<&-\n${script}\n`,
    ...{ env: {}, cgroupDirs: [], ownDir: null, secretsDirs: [] },
  };
  const { input = '', timeoutMs = LONG_MS, maxBytes = 1000, signal = new AbortController().signal } = options;
  return capturePrepared(prepared, { input, timeoutMs, maxBytes, signal });
}

it('passes the input on, and keeps the output and the exit status', async () => {
  expect(await run('cat; echo wrong >&2; exit 3', { input: 'text' })).toEqual({
    ...{ stdout: 'text', stderr: 'wrong\n', status: 3, endedFor: null },
  });
});

it('is content with a command that reads nothing of a large input', async () => {
  expect(await run('exit 0', { input: 'x'.repeat(1_000_000) })).toMatchObject({ status: 0, endedFor: null });
});

it('ends a command that prints without end, and keeps the beginning', async () => {
  const { stdout, status, endedFor } = await run('yes', { maxBytes: 5 });
  expect([stdout, status, endedFor]).toEqual(['y\ny\ny', null, 'output']);
});

it('ends a command that takes too long, with what it has started', async () => {
  const { stdout, endedFor } = await run('sleep 1000 & echo $!; trap "" TERM; wait', { timeoutMs: 300 });
  expect(endedFor).toBe('time');
  expect(isRunning(Number(stdout))).toBe(false);
});

it('ends what a command has left in the background', async () => {
  const { stdout, status } = await run('sleep 1000 & echo $!', {});
  expect(status).toBe(0);
  expect(isRunning(Number(stdout))).toBe(false);
});

it('ends a command early when it is told to', async () => {
  expect(await run('sleep 1000', { signal: AbortSignal.abort() })).toMatchObject({ endedFor: 'interrupt' });
});
