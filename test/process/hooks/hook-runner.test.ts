import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { HookRun } from '../../../src/core/provisioning/hook-run.ts';
import { createHookRunner } from '../../../src/process/hooks/hook-runner.ts';
import { identityOf, isAlive } from '../../../src/process/proc/proc.ts';
import { makeDir } from '../support.ts';

const PATIENCE = { timeout: 60_000, interval: 10 };
const NEVER = new AbortController().signal;

function runner(env: NodeJS.ProcessEnv = process.env) {
  const dir = makeDir();
  const markDir = join(dir, 'marks');
  const hooks = createHookRunner({ baseEnv: env, markDir });
  const run = (words: readonly string[], asked: Partial<HookRun> = {}, signal = NEVER) =>
    hooks.run(
      {
        tenantId: 'acme',
        action: 'create',
        words,
        workdir: dir,
        inheritEnv: [],
        env: {},
        mark: join(markDir, 'acme/api/db/create'),
        timeoutMs: 60_000,
        ...asked,
      },
      signal,
    );
  const sh = (script: string, asked?: Partial<HookRun>, signal?: AbortSignal) =>
    run(['sh', '-c', script], asked, signal);
  return { dir, hooks, run, sh, markDir };
}

describe('a hook', () => {
  it('gets a clean environment, the directory of the config, and an empty input', async () => {
    const { sh, dir } = runner({
      PATH: process.env['PATH'],
      HOME: '/home/x',
      SECRET_OF_SERVER: 'x',
      PGHOST: '/run/pg',
    });
    const result = await sh('env; pwd; cat', { inheritEnv: ['PGHOST', 'MISSING'], env: { TENANT_ID: 'acme' } });
    const lines = Buffer.from(result.output).toString().trim().split('\n');
    expect(result.ok).toBe(true);
    expect(lines.at(-1)).toBe(dir);
    const names = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
    const shellsOwn = ['PWD', 'OLDPWD', 'SHLVL', '_'];
    expect(names.filter((name) => !shellsOwn.includes(name ?? '')).sort()).toEqual(
      ['HOME', 'HOOK_ACTION', 'LANG', 'PATH', 'PGHOST', 'SOCKET_PATH', 'TENANT_ID', 'TMPDIR', 'TZ'].sort(),
    );
  });

  it('is found beside the config, and its own words are passed as they are', async () => {
    const { run, dir } = runner();
    mkdirSync(join(dir, 'bin'));
    writeFileSync(join(dir, 'bin/db'), '#!/bin/sh\nprintf "%s|" "$@"\n');
    chmodSync(join(dir, 'bin/db'), 0o755);
    const result = await run(['bin/db', 'create', 'a b', '$HOME']);
    expect(Buffer.from(result.output).toString()).toBe('create|a b|$HOME|');
  });

  it.each([
    ['a program that is missing', ['hooks/none'], /command not found: .*hooks\/none/],
    ['an exit status', ['sh', '-c', 'exit 3'], 'it ended with exit status 3'],
    ['a signal', ['sh', '-c', 'kill -9 $$'], 'it was killed by SIGKILL'],
  ])('fails with %s', async (_what, words, reason) => {
    const result = await runner().run(words);
    expect(result).toMatchObject({ ok: false });
    expect(!result.ok && result.reason).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  it('keeps the end of a long standard error', async () => {
    const result = await runner().sh('i=0; while [ $i -lt 20000 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1');
    expect(result.errors.endsWith('line 19999\n')).toBe(true);
    expect(result.errors.length).toBeLessThan(200_000);
  });

  it.each([
    ['standard output', 'exec yes', 1],
    ['standard error', 'exec yes >&2', 16],
  ])('that prints without end on %s is ended', async (where, script, mib) => {
    const result = await runner().sh(script);
    expect(result).toMatchObject({ ok: false, reason: `it printed more than ${mib} MiB on ${where}, and was ended` });
  });

  it('is ended at its time-out', async () => {
    const result = await runner().sh('exec sleep 600', { timeoutMs: 50 });
    expect(result).toMatchObject({ ok: false, reason: 'it took longer than 0.05 s, and was ended' });
  });

  it('is ended with everything that it started, in whatever group and whatever it ignores', async () => {
    const { sh, dir } = runner();
    const controller = new AbortController();
    const script = `trap '' TERM; setsid sh -c 'echo $$ > stray.new; mv stray.new stray; sleep 601' & sleep 602; sleep 603`;
    const result = sh(script, {}, controller.signal);
    await vi.waitUntil(() => existsSync(join(dir, 'stray')), PATIENCE);
    controller.abort();
    expect(await result).toMatchObject({ ok: false, reason: 'it was ended' });
    expect(isAlive(identityOf(Number(readFileSync(join(dir, 'stray'), 'utf8'))))).toBe(false);
  });

  it('leaves nothing running when it exits by itself', async () => {
    const { sh, dir } = runner();
    const result = await sh(
      `sh -c 'echo $$ > left; exec sleep 600' & while [ ! -s left ]; do sleep 0.01; done; echo A=1`,
    );
    expect(Buffer.from(result.output).toString()).toBe('A=1\n');
    expect(isAlive(identityOf(Number(readFileSync(join(dir, 'left'), 'utf8'))))).toBe(false);
  });

  it('of an earlier server is killed', async () => {
    const { sh, dir, hooks } = runner();
    const result = sh('echo $$ > pid; exec sleep 600');
    await vi.waitUntil(() => existsSync(join(dir, 'pid')), PATIENCE);
    await hooks.endStrays();
    expect(await result).toMatchObject({ ok: false, reason: 'it was killed by SIGKILL' });
  });
});
