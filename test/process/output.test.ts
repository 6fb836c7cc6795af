import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LogLine } from '../../src/core/ports.ts';
import { silentLogger } from '../../src/logger.ts';
import { createLogFiles, type LogFiles } from '../../src/process/log-files.ts';
import { createOutput } from '../../src/process/output.ts';

const NAME = 'api:acme';

function logFiles(maxBytes?: number): { files: LogFiles; dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return {
    dir,
    files: createLogFiles({ dir, logger: silentLogger(), ...(maxBytes === undefined ? {} : { maxBytes }) }),
  };
}

function attached(files: LogFiles) {
  const output = createOutput({ files });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const tap = output.attach(NAME, stdout, stderr);
  const end = async () => {
    stdout.end();
    stderr.end();
    stdout.resume();
    stderr.resume();
    await tap.done;
  };
  return { output, stdout, stderr, tap, end };
}

const texts = (lines: readonly LogLine[]) => lines.map((line) => line.text);

describe('output', () => {
  it('is kept by line, with time and stream, also what has no line end', async () => {
    const { output, stdout, stderr, tap, end } = attached(logFiles().files);
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

  it('is told to followers as it comes', async () => {
    const { output, stdout, end } = attached(logFiles().files);
    const heard = new Promise<LogLine>((resolve) => {
      const leave = output.subscribe(NAME, (line) => {
        leave();
        resolve(line);
      });
    });
    stdout.write('hello\n');
    expect((await heard).text).toBe('hello');
    await end();
  });

  it('that is binary survives as text', async () => {
    const { output, stdout, end } = attached(logFiles().files);
    stdout.write(Buffer.from([0xff, 0xfe, 0x41, 0x0a]));
    await end();
    expect(texts(await output.read(NAME, {}))).toEqual(['\ufffd\ufffdA']);
  });

  it('a line without an end is split, not kept whole', async () => {
    const { output, stdout, end } = attached(logFiles().files);
    stdout.write('x'.repeat(200_000));
    await end();
    expect(texts(await output.read(NAME, {})).map((text) => text.length)).toEqual([65_536, 65_536, 65_536, 3392]);
  });

  it('a flood pauses its own tenant until it is written', async () => {
    const { files } = logFiles();
    const { promise: writing, resolve: startWriting } = Promise.withResolvers<void>();
    const { promise: written, resolve: finishWriting } = Promise.withResolvers<void>();
    const slow: LogFiles = {
      ...files,
      append: async () => {
        startWriting();
        await written;
      },
    };
    const { stdout, end } = attached(slow);
    stdout.write('first\n');
    await writing;
    for (let index = 0; index < 100; index += 1) stdout.write(`${'x'.repeat(60_000)}\n`);
    await expect.poll(() => stdout.isPaused()).toBe(true);
    finishWriting();
    await expect.poll(() => stdout.isPaused()).toBe(false);
    await end();
  });
});

describe('log files', () => {
  const line = (text: string, atMs = 1000, stream: LogLine['stream'] = 'stdout') => ({ atMs, stream, text });

  it('are filtered by tail, time, text and stream', async () => {
    const { files } = logFiles();
    await files.append(NAME, [line('a'), line('b', 2000), line('ab', 3000, 'stderr')]);
    expect(texts(await files.read(NAME, { tail: 1 }))).toEqual(['ab']);
    expect(texts(await files.read(NAME, { tail: 0 }))).toEqual([]);
    expect(texts(await files.read(NAME, { sinceMs: 2000 }))).toEqual(['b', 'ab']);
    expect(texts(await files.read(NAME, { grep: 'a' }))).toEqual(['a', 'ab']);
    expect(texts(await files.read(NAME, { stream: 'stderr' }))).toEqual(['ab']);
  });

  it('have a bounded size: one file and one older', async () => {
    const { files, dir } = logFiles(1000);
    for (let index = 0; index < 50; index += 1) await files.append(NAME, [line('x'.repeat(200))]);
    const sizes = ['', '.1'].map((suffix) => statSync(join(dir, 'api', `acme.log${suffix}`)).size);
    for (const size of sizes) expect(size).toBeLessThan(1300);
  });

  it('are gone when the instance is', async () => {
    const { files } = logFiles();
    await files.append(NAME, [line('a')]);
    await files.remove(NAME);
    expect(await files.read(NAME, {})).toEqual([]);
  });

  it('that cannot be written harm nobody', async () => {
    const files = createLogFiles({ dir: '/dev/null/logs', logger: silentLogger() });
    await files.append(NAME, [line('a')]);
    expect(await files.read(NAME, {})).toEqual([]);
  });
});
