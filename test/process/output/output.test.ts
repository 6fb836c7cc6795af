import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import type { LogLine } from '../../../src/core/stores/log-store.ts';
import { silentLogger } from '../../../src/logger.ts';
import { createOutput } from '../../../src/process/output/output.ts';

const NAME = 'api:acme';

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function attached(dir = tempDir(), resumed = false) {
  const output = createOutput({ dir, logger: silentLogger() });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const tap = output.attach({ instance: NAME, stdout, stderr, logLimitBytes: 1024 * 1024, resumed });
  const end = async () => {
    stdout.end();
    stderr.end();
    await tap.done;
  };
  return { output, stdout, stderr, tap, end, dir };
}

const texts = (lines: readonly LogLine[]) => lines.map((line) => line.text);

test('output is kept by line, with time and stream, even without a line end', async () => {
  const { output, stdout, stderr, tap, end } = attached();
  stdout.write('one\r\ntw');
  stdout.write('o\nthree');
  stderr.write('oops\n');
  await end();
  const lines = await output.read(NAME, {});
  expect(texts(lines.filter((line) => line.stream === 'stdout'))).toEqual(['one', 'two', 'three']);
  expect(texts(lines.filter((line) => line.stream === 'stderr'))).toEqual(['oops']);
  expect(Math.abs((lines[0]?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(tap.lastLines(2)).toHaveLength(2);
});

test('output is in the file as soon as it is read, even the beginning of a line', async () => {
  const { output, stdout } = attached();
  stdout.write('whole\nbegun, and never en');
  await expect.poll(async () => texts(await output.read(NAME, {}))).toEqual(['whole', 'begun, and never en']);
});

test('a line read partly by one server and partly by the next is one line', async () => {
  const first = attached();
  first.stdout.write('before, ');
  await expect.poll(async () => texts(await first.output.read(NAME, {}))).toEqual(['before, ']);
  const second = attached(first.dir, true);
  second.stdout.write('after\n');
  await second.end();
  expect(texts(await second.output.read(NAME, {}))).toEqual(['before, after']);
});

test('the last lines of an adopted process are known', async () => {
  const first = attached();
  first.stdout.write('one\ntwo\n');
  await first.end();
  const second = attached(first.dir, true);
  second.stdout.write('three\n');
  await second.end();
  expect(second.tap.lastLines(2)).toEqual(['two', 'three']);
});

test('output reaches followers at once, by whole lines', async () => {
  const { output, stdout, end } = attached();
  const heard: string[] = [];
  output.subscribe(NAME, (line) => heard.push(line.text));
  stdout.write('hel');
  stdout.write('lo\n');
  await end();
  expect(heard).toEqual(['hello']);
});

test('binary output becomes text', async () => {
  const { output, stdout, end } = attached();
  stdout.write(Buffer.from([0xff, 0xfe, 0x41, 0x0a]));
  await end();
  expect(texts(await output.read(NAME, {}))).toEqual(['\ufffd\ufffdA']);
});

test('a line that is too long is split, not kept whole', async () => {
  const { output, stdout, end } = attached();
  stdout.write('x'.repeat(200_000));
  await end();
  expect(texts(await output.read(NAME, {})).map((text) => text.length)).toEqual([65_536, 65_536, 65_536, 3392]);
});

test('a flood of output makes its own tenant wait, and all of it is written', async () => {
  const { output, stdout, stderr, end } = attached();
  let paused = false;
  stdout.once('pause', () => {
    paused = true;
  });
  const line = 'x'.repeat(999);
  for (let index = 0; index < 3000; index += 1) stdout.write(`${line}\n`);
  stderr.write('quiet\n');
  await end();
  expect(paused).toBe(true);
  const { length } = await output.read(NAME, { stream: 'stdout' });
  // A log of 1 MiB holds the last of them.
  expect(length).toBeGreaterThan(500);
  expect(texts(await output.read(NAME, { tail: 1, stream: 'stdout' }))).toEqual([line]);
});

test('output that is no longer wanted is released', async () => {
  const { tap, stdout } = attached();
  tap.close();
  await tap.done;
  expect(stdout.destroyed).toBe(true);
});

test('the rest of a flood is read when its process has ended (bug: it waited for its turn and was lost)', async () => {
  const { output, stdout, tap } = attached();
  // The write takes a second and more.
  stdout.write(Buffer.alloc(48 * 1024 * 1024, 'x'));
  stdout.write('\nthe last line\n');
  await tap.finish(20);
  expect(texts(await output.read(NAME, { tail: 1 }))).toEqual(['the last line']);
  expect(tap.lastLines(1)).toEqual(['the last line']);
});
