import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { view } from '../api/fakes.ts';
import { runningApi } from '../api/running.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts a real process of the program. */
function program(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, err }));
  return { child, ended };
}

async function withLogs(count: number) {
  const { supervisor, logs, url } = await runningApi();
  supervisor.views.set('api:acme', view('api:acme'));
  for (let index = 0; index < count; index += 1) logs.print(`line ${index} ${'x'.repeat(100)}`);
  return { TENEMENT_API: url };
}

test('usage errors end with status 2', async () => {
  const { code, err } = await program(['ps', '--nope']).ended;
  expect([code, err]).toEqual([2, expect.stringMatching(/^tenement: .*\(usage\)\n/)]);
});

test('a reader that closes its pipe (| head) is no error', async () => {
  const env = await withLogs(20_000);
  const { child, ended } = program(['logs', 'api:acme'], env);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await ended).toEqual({ code: 0, err: '' });
});

test('a reader that closes its pipe during a write is no error (bug: status 1, now and then)', async () => {
  const env = await withLogs(1);
  const leave = `process.stdout.write = () => process.stdout.destroy(Object.assign(new Error(), { code: 'ECONNRESET' }))`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(leave)}`;
  expect(await program(['logs', 'api:acme'], { ...env, NODE_OPTIONS }).ended).toEqual({ code: 0, err: '' });
});

test('Ctrl-C ends logs -f with status 0', async () => {
  const env = await withLogs(1);
  const { child, ended } = program(['logs', 'api:acme', '-f'], env);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 0, err: '' });
});
