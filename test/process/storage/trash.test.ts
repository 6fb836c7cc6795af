import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import { Trash } from '../../../src/process/storage/trash.ts';
import { makeDir } from '../support.ts';

interface Said {
  readonly path: string;
  readonly reason: string;
}

function makeTrash(timeoutMs?: number) {
  const dir = makeDir();
  const said: Said[] = [];
  const logger = { ...silentLogger(), level: 'silent', warn: (fields: object) => void said.push(fields as Said) };
  const open = () => {
    const trash = new Trash({ logger, ...(timeoutMs !== undefined && { timeoutMs }) });
    onTestFinished(() => trash.close());
    return trash;
  };
  return { dir, place: join(dir, 'trash'), said, open, trash: open() };
}

/** Descends while creating directories: their path is longer than any that can be given. */
function dig(dir: string, depth: number): void {
  const code = `const fs = require('node:fs'); for (let i = 0; i < ${depth}; i += 1) { fs.mkdirSync('a'); process.chdir('a'); }`;
  mkdirSync(dir);
  execFileSync(process.execPath, ['-e', code], { cwd: dir });
  onTestFinished(() => void execFileSync('rm', ['-rf', dir]));
}

test('a discarded directory is out of the way at once, and deleted later', async () => {
  const { dir, place, trash } = makeTrash();
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/f'), '');
  trash.discard(join(dir, 'a'), place);
  expect(existsSync(join(dir, 'a'))).toBe(false);
  // Its content may be gone by now; the directory itself is removed in a later turn.
  expect(lstatSync(place).mode & 0o777).toBe(0o700);
  await trash.settled();
  expect(existsSync(place)).toBe(false);
});

test('directories deeper than a path can name are deleted', async () => {
  const { dir, place, trash, said } = makeTrash();
  dig(join(dir, 'deep'), 3000);
  const startedAtMs = performance.now();
  trash.discard(join(dir, 'deep'), place);
  const tookMs = performance.now() - startedAtMs;
  await trash.settled();
  expect(said).toEqual([]);
  expect(existsSync(place)).toBe(false);
  // A walk in this process takes seconds, or ends it.
  expect(tookMs).toBeLessThan(1000);
});

test('a discard handles names with a meaning for a shell, and links to elsewhere', async () => {
  const { dir, place, trash } = makeTrash();
  mkdirSync(join(dir, 'precious'));
  writeFileSync(join(dir, 'precious/file'), '');
  const odd = join(dir, "-rf $(touch x) '\n\x1e0\n");
  mkdirSync(join(odd, '\n'), { recursive: true });
  writeFileSync(join(odd, "'; touch y; '"), '');
  symlinkSync('../precious', join(odd, 'link'));
  symlinkSync(join(dir, 'precious'), join(dir, 'direct'));
  trash.discard(odd, place);
  trash.discard(join(dir, 'direct'), place);
  await trash.settled();
  expect(readdirSync(dir).sort()).toEqual(['precious']);
  expect(readdirSync(join(dir, 'precious'))).toEqual(['file']);
});

test('an empty directory is removed at once, and a missing one is ignored', () => {
  const { dir, place, trash } = makeTrash();
  mkdirSync(join(dir, 'empty'));
  for (let times = 0; times < 2; times += 1) trash.clear(join(dir, 'empty'), place);
  expect(readdirSync(dir)).toEqual([]);
});

test('directories that an earlier server left are deleted by the next one', async () => {
  const { dir, place, trash, open } = makeTrash();
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  await trash.close();
  trash.discard(join(dir, 'a'), place);
  expect(readdirSync(place)).toHaveLength(1);
  open().sweep(place);
  while (existsSync(place)) await delay(5);
});

test('a trash directory that was emptied after the end of the server is removed, too', async () => {
  const { place, open } = makeTrash();
  mkdirSync(place);
  open().sweep(place);
  while (existsSync(place)) await delay(5);
});

test('a trash directory that others could have replaced by a link is left alone', async () => {
  const { dir, open } = makeTrash();
  mkdirSync(join(dir, 'precious/file'), { recursive: true });
  mkdirSync(join(dir, 'a'));
  symlinkSync('precious', join(dir, 'place'));
  symlinkSync('.', join(dir, 'parent'));
  for (const place of [join(dir, 'place'), join(dir, 'parent/precious')]) {
    const trash = open();
    trash.sweep(place);
    expect(() => trash.discard(join(dir, 'a'), place)).toThrow(/is not/);
    await trash.settled();
  }
  expect(existsSync(join(dir, 'a'))).toBe(true);
  expect(existsSync(join(dir, 'precious/file'))).toBe(true);
});

test('a directory that rm cannot delete is logged with the reason, and tried again by the next server', async () => {
  const { dir, place, trash, said, open } = makeTrash();
  const held = join(dir, 'held');
  mkdirSync(held);
  // Only one thing holds up rm as root: a process that creates files as fast as rm deletes them.
  const churn = spawn(process.execPath, ['-e', CHURN], { cwd: held, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void churn.kill('SIGKILL'));
  await once(churn.stdout, 'data');
  const slow = new Trash({
    logger: { ...silentLogger(), level: 'silent', warn: (f) => said.push(f as Said) },
    timeoutMs: 1,
  });
  onTestFinished(() => slow.close());
  slow.discard(held, place);
  await slow.settled();
  expect(said).toEqual([expect.objectContaining({ reason: expect.stringContaining('not done within') })]);
  expect(readdirSync(place)).toHaveLength(1);
  churn.kill('SIGKILL');
  await once(churn, 'exit');
  await trash.close();
  open().sweep(place);
  while (existsSync(place)) await delay(5);
});

const CHURN = `const fs = require('node:fs');
for (let round = 0; ; round += 1) {
  try { fs.writeFileSync('f' + (round % 100), 'x'); } catch {}
  if (round === 100) fs.writeSync(1, 'runs');
}`;

test.skipIf(process.getuid?.() !== 0)('immutable files stay, and the log says so (skipped unless root)', async () => {
  const { dir, place, trash, said } = makeTrash();
  mkdirSync(join(dir, 'a'));
  writeFileSync(join(dir, 'a/f'), '');
  try {
    execFileSync('chattr', ['+i', join(dir, 'a/f')], { stdio: 'ignore' });
  } catch {
    return; // This file system has no such attribute.
  }
  onTestFinished(() => void execFileSync('chattr', ['-R', '-f', '-i', dir]));
  trash.discard(join(dir, 'a'), place);
  await trash.settled();
  expect(said).toEqual([
    { path: expect.stringContaining(place), reason: expect.stringContaining('Operation not permitted') },
  ]);
});

test('a directory that the server may not enter is deleted without root', async () => {
  const { dir, place } = makeTrash();
  const code = `
    const { Trash } = await import(${JSON.stringify(new URL('../../../src/process/storage/trash.ts', import.meta.url).href)});
    const said = [];
    const trash = new Trash({ logger: { warn: (fields) => said.push(fields) } });
    trash.discard(${JSON.stringify(join(dir, 'a'))}, ${JSON.stringify(place)});
    await trash.settled();
    await trash.close();
    console.log(JSON.stringify(said));`;
  if (process.getuid?.() === 0) chownSync(dir, 65_534, 65_534);
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  execFileSync('sh', ['-c', 'mkdir -p a/x/y; touch a/x/y/f a/g; chmod 000 a/x/y a/x a'], { cwd: dir, ...asNobody });
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: dir,
    ...asNobody,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await once(child, 'close');
  expect(printed).toBe('[]\n');
  expect(readdirSync(dir)).toEqual([]);
});
