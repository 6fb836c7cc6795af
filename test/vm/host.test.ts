/** The VM provides what the neighbouring tests assume: a Linux with cgroup v2 that works as documented. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = '/sys/fs/cgroup';
const MIB = 1024 * 1024;

class Cgroup {
  readonly dir = mkdtempSync(join(ROOT, 'test-'));

  constructor(limits: Record<string, string> = {}) {
    for (const [file, value] of Object.entries(limits)) this.write(file, value);
    onTestFinished(async () => {
      this.write('cgroup.kill', '1');
      await this.reaches('cgroup.events', 'populated', 0);
      rmdirSync(this.dir);
    });
  }

  read(file: string): string {
    return readFileSync(join(this.dir, file), 'utf8');
  }

  write(file: string, value: string): void {
    writeFileSync(join(this.dir, file), value);
  }

  /** Returns the number of a key in a file of keys and numbers. */
  number(file: string, key: string): number {
    return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(this.read(file))?.[1]);
  }

  async reaches(file: string, key: string, value: number): Promise<void> {
    await expect.poll(() => this.number(file, key)).toBe(value);
  }

  pids(): string[] {
    return this.read('cgroup.procs').split('\n').filter(Boolean);
  }

  async freeze(): Promise<void> {
    this.write('cgroup.freeze', '1');
    await this.reaches('cgroup.events', 'frozen', 1);
  }

  thaw(): void {
    this.write('cgroup.freeze', '0');
  }

  /** A process that is in the cgroup before its program begins. */
  start(...command: string[]): ChildProcessWithoutNullStreams {
    return spawn('sh', ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.dir, ...command]);
  }
}

/** Returns the process's answer to a line. */
async function answer(child: ChildProcessWithoutNullStreams, line: string): Promise<string> {
  const data = once(child.stdout, 'data');
  child.stdin.write(`${line}\n`);
  return String((await data)[0]).trim();
}

function statusMib(pid: number | undefined, key: 'VmRSS' | 'VmSwap'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}

test('the VM has one cgroup hierarchy, with the controllers of memory, processes and processor time', () => {
  expect(readFileSync('/proc/self/cgroup', 'utf8')).toMatch(/^0::\/.*\n$/);
  for (const file of ['cgroup.controllers', 'cgroup.subtree_control']) {
    const controllers = readFileSync(join(ROOT, file), 'utf8').trim().split(' ');
    expect(controllers).toEqual(expect.arrayContaining(['memory', 'pids', 'cpu']));
  }
});

test('a process that leaks is killed at memory.max, and memory.events counts it', async () => {
  const group = new Cgroup({ 'memory.max': `${32 * MIB}`, 'memory.swap.max': '0' });
  expect(group.number('memory.events', 'oom_kill')).toBe(0);
  // The process keeps a line that never ends.
  const leak = group.start('tail', '/dev/zero');
  expect(await once(leak, 'exit')).toEqual([null, 'SIGKILL']);
  expect(group.number('memory.events', 'oom_kill')).toBe(1);
});

test('a frozen process answers nobody until it is thawed', async () => {
  const group = new Cgroup();
  const frozen = group.start('cat');
  const free = new Cgroup().start('cat');
  expect(await answer(frozen, 'before')).toBe('before');
  await group.freeze();

  let answered = false;
  const late = answer(frozen, 'while frozen').finally(() => {
    answered = true;
  });
  // The answers of another process serve as a clock.
  for (let round = 0; round < 100; round++) expect(await answer(free, `${round}`)).toBe(`${round}`);
  expect(answered).toBe(false);

  group.thaw();
  expect(await late).toBe('while frozen');
});

test('memory.reclaim pushes a frozen process out to swap, and it comes back whole', async () => {
  expect(readFileSync('/proc/swaps', 'utf8')).toContain('/dev/zram0');
  const group = new Cgroup();
  // To each line it answers how many of its 100 MiB are what they were. They are not one value throughout: of such
  // pages zram keeps nothing.
  const child = group.start(
    process.execPath,
    '--eval',
    `const one = Buffer.alloc(${MIB}, 'not one value');
     const all = Array.from({ length: 100 }, () => Buffer.from(one));
     process.stdin.on('data', () => console.log(all.filter((each) => each.equals(one)).length));`,
  );
  expect(await answer(child, 'before')).toBe('100');
  const residentMib = statusMib(child.pid, 'VmRSS');

  await group.freeze();
  try {
    group.write('memory.reclaim', group.read('memory.current').trim());
  } catch (error) {
    // The kernel reclaimed less than requested; the amount is checked below.
    expect(error).toMatchObject({ code: 'EAGAIN' });
  }
  // The rest is mostly the program, whose pages are shared with this process.
  expect(statusMib(child.pid, 'VmRSS')).toBeLessThan(residentMib - 100);
  expect(statusMib(child.pid, 'VmSwap')).toBeGreaterThan(100);

  group.thaw();
  expect(await answer(child, 'after')).toBe('100');
});

test('cgroup.kill ends a tree of forks, including processes that left the session', async () => {
  const group = new Cgroup();
  // Each process of the tree forks two, down to sleeps; one more sleep has a session of its own.
  const root = group.start(
    'sh',
    '-c',
    `tree() {
       [ "$1" -eq 0 ] && exec sleep 100000
       tree $(($1 - 1)) & tree $(($1 - 1)) & wait
     }
     setsid sleep 100000 &
     tree 3`,
  );
  await expect.poll(() => group.pids().length).toBe(16);
  const pids = group.pids();
  expect(pids).toContain(String(root.pid));

  const ended = once(root, 'exit');
  group.write('cgroup.kill', '1');
  expect(await ended).toEqual([null, 'SIGKILL']);
  await group.reaches('cgroup.events', 'populated', 0);
  expect(group.pids()).toEqual([]);
  // Process 1 has reaped the orphans.
  for (const pid of pids) await expect.poll(() => isThere(Number(pid))).toBe(false);
});

test('a user other than root can make a user namespace, as bubblewrap does', () => {
  const nobody = { uid: 65534, gid: 65534 };
  const made = spawnSync('unshare', ['--user', '--map-root-user', 'id', '--user'], { ...nobody, encoding: 'utf8' });
  expect(made).toMatchObject({ stdout: '0\n', stderr: '', status: 0 });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
