/** The program that makes a directory of a stream, by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OnFinished } from '../e2e/support.ts';
import { archiveOf } from './made-archives.ts';
import { MAX_BYTES, REFUSED_ENTRIES } from './refused-archives.ts';

const PROGRAM = fileURLToPath(new URL('../../src/archive/child/make.ts', import.meta.url));

interface Made {
  readonly dir: string;
  readonly outside: string;
  readonly messages: readonly Record<string, unknown>[];
}

async function made(archive: Buffer, onFinished: OnFinished = onTestFinished): Promise<Made> {
  const outside = mkdtempSync(join(tmpdir(), 'tnm-make-'));
  onFinished(() => rmSync(outside, { recursive: true, force: true }));
  const dir = join(outside, 'dir');
  mkdirSync(dir);
  chmodSync(dir, 0o700);
  const task = JSON.stringify({ dir, maxBytes: MAX_BYTES, isArchive: true });
  const child = spawn(process.execPath, [PROGRAM, task], { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
  child.stdin?.on('error', () => {});
  child.stdin?.end(archive);
  const [said] = await Promise.all([text(child.stdio[3] as NodeJS.ReadableStream), once(child, 'exit')]);
  const messages = said.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { dir, outside, messages };
}

describe('an archive is refused that has', () => {
  it.concurrent.for(REFUSED_ENTRIES)('$what', async ({ bytes, why }, { onTestFinished }) => {
    const { outside, messages } = await made(await bytes(), onTestFinished);
    expect(messages.at(-1)).toEqual({ type: 'refused', reason: expect.stringMatching(why) });
    expect(readdirSync(outside)).toEqual(['dir']);
  });
});

it('an archive of many zeros is refused at its limit', async () => {
  const { messages, dir } = await made(await archiveOf([{ name: 'data/x', text: Buffer.alloc(64 * MAX_BYTES) }]));
  expect(messages.at(-1)).toMatchObject({ type: 'refused' });
  expect(lstatSync(join(dir, 'x')).size).toBeLessThanOrEqual(MAX_BYTES);
});

it('an archive becomes its files, whatever their names', async () => {
  const { dir, messages } = await made(
    await archiveOf([
      { name: 'data/d/', type: 'directory', mode: 0o500 },
      { name: 'data/d/a\n\u001b[2J', text: 'one', mode: 0o640 },
      { name: 'data/again', type: 'link', linkname: 'data/d/a\n\u001b[2J' },
      { name: 'data/l', type: 'symlink', linkname: 'd/a' },
      { name: 'data/d/up', type: 'symlink', linkname: '../l' },
      {
        name: 'data/raw',
        text: 'two',
        pax: { 'TENEMENT.path': Buffer.from('data/\xff', 'latin1').toString('base64') },
      },
    ]),
  );
  expect(messages.at(-1)).toEqual({ type: 'done', files: 7, bytes: 6, leftOut: 0 });
  expect(readFileSync(join(dir, 'again'), 'utf8')).toBe('one');
  expect(lstatSync(join(dir, 'd')).mode & 0o777).toBe(0o500);
  expect(lstatSync(join(dir, 'again'))).toMatchObject({ nlink: 2, mode: 0o100640 });
  expect([readlinkSync(join(dir, 'l')), readlinkSync(join(dir, 'd/up'))]).toEqual(['d/a', '../l']);
  expect(
    readdirSync(dir, { encoding: 'buffer' })
      .map((name) => name.toString('latin1'))
      .sort(),
  ).toContain('\xff');
});
