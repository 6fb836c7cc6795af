/** The limits of instances on a real cgroup v2. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { app, get, inline, makeBench, PATIENT } from '../process/support.ts';

const MB = 1024 * 1024;
// The built program, for the reason in fallback.test.ts.
const FIND = fileURLToPath(new URL('../../dist/process/cgroup/find.js', import.meta.url));

function control(dirs: readonly string[], file: string): string {
  return readFileSync(join(dirs[0] ?? '', file), 'latin1').trim();
}

test('each cap is enforced by the kernel from the first instruction on, and changes while the process runs', async () => {
  const bench = makeBench();
  const limits = { memoryLimitBytes: 320 * MB, cpuShares: 50, cpuLimit: 0.5, pidsLimit: 40 };
  const child = await bench.launch(limits);
  const { cgroup, pid } = child.record;
  const found = Object.fromEntries(
    ['memory.max', 'memory.high', 'memory.swap.max', 'memory.oom.group', 'cpu.max', 'cpu.weight', 'pids.max'].map(
      (file) => [file, control(cgroup, file)],
    ),
  );
  expect(found).toEqual({
    'memory.max': String(320 * MB),
    'memory.high': String(310 * MB),
    'memory.swap.max': '0',
    'memory.oom.group': '1',
    'cpu.max': '50000 100000',
    'cpu.weight': '50',
    'pids.max': '40',
  });
  await expect.poll(() => control(cgroup, 'cgroup.procs')).toBe(String(pid));
  child.limit({ ...bench.request().service, memoryLimitBytes: 400 * MB });
  expect([control(cgroup, 'memory.max'), control(cgroup, 'cpu.max'), control(cgroup, 'pids.max')]).toEqual([
    String(400 * MB),
    'max 100000',
    'max',
  ]);
});

test("an instance's usage is what the kernel counts", async () => {
  const bench = makeBench();
  const child = await bench.launch();
  await child.waitReady(PATIENT);
  const usage = child.usage();
  expect(usage).toMatchObject({ oomKills: 0 });
  expect(usage?.memoryBytes).toBeGreaterThan(5 * MB);
  expect(usage?.peakMemoryBytes).toBeGreaterThanOrEqual(usage?.memoryBytes ?? 0);
  expect(usage?.cpuSeconds).toBeGreaterThan(0.01);
});

test('an instance over its memory limit is ended with all that it started, with an event', async () => {
  const bench = makeBench();
  const command = inline(`require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(10 * 1024 * 1024, 1)), 10);`);
  const child = await bench.launch({ command, memoryLimitBytes: 200 * MB });
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL', oom: true });
  await expect.poll(() => control(child.record.cgroup, 'cgroup.procs')).toBe('');
});

test('a fork bomb gets as many processes as it may have, and is ended in one step', async () => {
  const bench = makeBench();
  const command = ['sh', '-c', 'while :; do setsid sleep 1000 & done'];
  const child = await bench.launch({ command, pidsLimit: 30 });
  const { cgroup } = child.record;
  await expect.poll(() => Number(control(cgroup, 'pids.events').split(' ')[1])).toBeGreaterThan(0);
  expect(Number(control(cgroup, 'pids.current'))).toBeLessThanOrEqual(30);
  await child.terminate(0);
  expect(() => control(cgroup, 'cgroup.procs')).toThrow('ENOENT');
});

test('a process that left its group and family is still in its cgroup, and is ended with it', async () => {
  const bench = makeBench();
  const code = `require('node:child_process').spawn('setsid', ['sh', '-c', 'unset SOCKET_PATH; exec sleep 1000'],
      { detached: true, stdio: 'ignore' }).unref();
    require('node:http').createServer((_, response) => response.end('hello')).listen(process.env.SOCKET_PATH);`;
  const child = await bench.launch({ command: inline(code) });
  await child.waitReady(PATIENT);
  expect(await get(child.upstream)).toBe('hello');
  const { cgroup } = child.record;
  await expect.poll(() => control(cgroup, 'cgroup.procs').split('\n').length).toBe(2);
  await child.terminate(5000);
  expect(() => control(cgroup, 'cgroup.procs')).toThrow('ENOENT');
});

/** The findings of a server that runs as another user, in a cgroup of its own. */
function foundBy(uid: number, dir: string, root: string | null) {
  mkdirSync(dir);
  onTestFinished(() => {
    for (const one of [join(dir, 'tenement-server'), dir]) {
      try {
        rmdirSync(one);
      } catch {
        // The cgroup was not created.
      }
    }
  });
  for (const path of [dir, ...['cgroup.procs', 'cgroup.subtree_control'].map((file) => join(dir, file))]) {
    if (root === null) chownSync(path, uid, uid);
  }
  writeFileSync(join('/sys/fs/cgroup', 'cgroup.subtree_control'), '+memory +cpu +pids');
  const code = `import { findCgroups } from ${JSON.stringify(FIND)};
    const found = findCgroups({ root: ${JSON.stringify(root)}, stateDir: '/x' });
    const leaf = found.make('api.acme');
    leaf?.limit({ memoryLimitBytes: 50000000, cpuShares: null, cpuLimit: null, pidsLimit: 5 });
    console.log(JSON.stringify({ version: found.version, controls: [...found.controls], lack: found.lack, dirs: leaf?.dirs }));
    leaf?.remove();
    found.close();`;
  const join0 = 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"';
  const node = [process.execPath, '--input-type=module', '-e', code];
  const words = [
    '-c',
    join0,
    'sh',
    dir,
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    '--',
    ...node,
  ];
  return JSON.parse(execFileSync('/bin/sh', words, { encoding: 'utf8' }));
}

test('a user to whom a cgroup was delegated can cap, without root', () => {
  const dir = '/sys/fs/cgroup/delegated';
  expect(foundBy(1000, dir, null)).toEqual({
    version: 'v2',
    controls: ['memory', 'cpu', 'pids'],
    lack: null,
    dirs: [expect.stringMatching(/^\/sys\/fs\/cgroup\/delegated\/tenement-[0-9a-f]{8}\/api\.acme$/)],
  });
});

test('a user without a delegated cgroup is told how to get one', () => {
  expect(foundBy(1000, '/sys/fs/cgroup/refused', '/sys/fs/cgroup/refused')).toMatchObject({
    version: 'none',
    lack: expect.stringContaining('Delegate=yes'),
  });
});

test('the application runs unchanged', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('tenant'), memoryLimitBytes: 300 * MB, pidsLimit: 60 });
  expect(await child.waitReady(PATIENT)).toEqual({ ok: true });
});
