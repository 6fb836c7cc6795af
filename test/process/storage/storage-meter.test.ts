import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StorageMeter } from '../../../src/core/ports.ts';
import { readStat } from '../../../src/process/proc/proc.ts';
import { createStorageMeter } from '../../../src/process/storage/storage-meter.ts';
import { withArgument } from '../../hostile/look.ts';
import { makeDir } from '../support.ts';

const MB = 1024 ** 2;

function meter(timeoutMs?: number): StorageMeter {
  const made = createStorageMeter(timeoutMs);
  onTestFinished(() => made.close());
  return made;
}

/** The size in MiB, rounded: directories and file systems add a little. */
async function measuredMb(dir: string): Promise<number> {
  const found = await meter().measure(dir);
  if (!found.ok) throw new Error(found.detail);
  return Math.round(found.bytes / MB);
}

/** Descends while creating directories: their path is longer than any that can be given. */
const DIG = `const fs = require('node:fs');
for (let depth = 0; depth < 3000; depth += 1) { fs.mkdirSync('dd'); process.chdir('dd'); }
fs.writeFileSync('f', Buffer.alloc(4 * 1024 ** 2, 1));`;

const CHURN = `const fs = require('node:fs');
fs.writeSync(1, 'runs');
for (let round = 0; ; round += 1) {
  fs.mkdirSync('d' + round);
  fs.writeFileSync('d' + round + '/f', 'x');
  fs.rmSync('d' + (round - 20), { recursive: true, force: true });
}`;

const deviceOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.dev;

const fill = (path: string, mb: number) => writeFileSync(path, Buffer.alloc(mb * MB, 1));

it('the meter counts the content of files, also deep down and under unusual names', async () => {
  const dir = makeDir();
  fill(join(dir, 'new\n999999999\tline \x01'), 2);
  fill(join(dir, '-rf'), 3);
  const deep = join(dir, ...Array.from({ length: 200 }, () => 'd'));
  mkdirSync(deep, { recursive: true });
  fill(join(deep, 'f'), 4);
  expect(await measuredMb(dir)).toBe(2 + 3 + 4 + 1); // 200 directories of 4 KiB
});

it('the meter counts files deeper than any path can name', async () => {
  const dir = makeDir();
  execFileSync(process.execPath, ['-e', DIG], { cwd: dir });
  onTestFinished(() => void execFileSync('rm', ['-rf', join(dir, 'dd')]));
  expect(await measuredMb(dir)).toBeGreaterThanOrEqual(4 + 11); // 3000 directories of 4 KiB
});

it('the meter counts a file with several names once, and a sparse file by its blocks', async () => {
  const dir = makeDir();
  fill(join(dir, 'one'), 4);
  linkSync(join(dir, 'one'), join(dir, 'two'));
  writeFileSync(join(dir, 'sparse'), '');
  truncateSync(join(dir, 'sparse'), 10_000 * MB);
  expect(await measuredMb(dir)).toBe(4);
});

it('the meter follows no link, not even in place of the directory', async () => {
  const outside = makeDir();
  fill(join(outside, 'big'), 8);
  const dir = makeDir();
  symlinkSync(outside, join(dir, 'out'));
  symlinkSync(dir, join(dir, 'loop'));
  expect(await measuredMb(dir)).toBe(0);
  symlinkSync(outside, join(dir, 'instead'));
  expect(await measuredMb(join(dir, 'instead'))).toBe(0);
});

it.skipIf(deviceOf('/dev') === deviceOf('/dev/shm'))('the meter does not enter another file system', async () => {
  const path = `/dev/shm/tnm-${process.pid}`;
  onTestFinished(() => rmSync(path, { force: true }));
  fill(path, 8);
  expect(await measuredMb('/dev/shm')).toBeGreaterThanOrEqual(8);
  expect(await measuredMb('/dev')).toBeLessThan(8);
});

it.skipIf(process.getuid?.() !== 0)('the meter of root counts directories that their owner has closed', async () => {
  const dir = makeDir();
  mkdirSync(join(dir, 'closed'));
  fill(join(dir, 'closed/f'), 4);
  chmodSync(join(dir, 'closed'), 0);
  expect(await measuredMb(dir)).toBe(4);
});

it('the meter gives a figure while files come and go', async () => {
  const dir = makeDir();
  fill(join(dir, 'stays'), 4);
  const churn = spawn(process.execPath, ['-e', CHURN], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    churn.kill('SIGKILL');
    if (churn.exitCode === null) await once(churn, 'exit');
  });
  await once(churn.stdout, 'data');
  for (let round = 0; round < 20; round += 1) expect(await measuredMb(dir)).toBe(4);
});

it('a directory that does not exist has size 0', async () => {
  expect(await meter().measure(join(makeDir(), 'missing'))).toEqual({ ok: true, bytes: 0 });
});

describe('a measurement that takes too long', () => {
  function manyFiles(): string {
    const dir = makeDir();
    for (let index = 0; index < 20_000; index += 1) writeFileSync(join(dir, String(index)), '');
    return dir;
  }

  it('is cut off, and the next one succeeds', async () => {
    const dir = manyFiles();
    const impatient = meter(1);
    expect(await impatient.measure(dir)).toEqual({ ok: false, detail: 'not done within 0.001 s' });
    await expect.poll(() => withArgument(dir)).toEqual([]);
    expect(await measuredMb(dir)).toBeLessThan(2);
  });

  it('ends with the server', async () => {
    const dir = manyFiles();
    const made = meter();
    const measured = made.measure(dir);
    made.close();
    expect(await measured).toEqual({ ok: false, detail: 'du was ended' });
    await expect.poll(() => withArgument(dir)).toEqual([]);
  });
});

it('the meter continues after its shell was killed', async () => {
  const dir = makeDir();
  fill(join(dir, 'f'), 4);
  const made = meter();
  await made.measure(dir);
  const shells = () => withArgument('tenement').filter((pid) => readStat(pid)?.ppid === process.pid);
  // The shells of earlier tests were killed, and end slowly at their low priority.
  await expect.poll(shells).toHaveLength(1);
  for (const shell of shells()) process.kill(shell, 'SIGKILL');
  await expect.poll(() => made.measure(dir)).toMatchObject({ ok: true });
});
