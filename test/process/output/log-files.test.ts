import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { formatEntries } from '../../../src/core/input/log-format.ts';
import type { LogLine } from '../../../src/core/stores/log-store.ts';
import { silentLogger } from '../../../src/logger.ts';
import {
  logPath,
  readLastLines,
  readLogFiles,
  removeLogFiles,
  rotatedPath,
} from '../../../src/process/output/log-files.ts';
import { LogWriter } from '../../../src/process/output/log-writer.ts';

const NAME = 'api:acme';
const texts = (lines: readonly LogLine[]) => lines.map((line) => line.text);
const whole = (text: string, atMs = 1000, stream: LogLine['stream'] = 'stdout') =>
  formatEntries(atMs, stream, [{ text, partial: false }]);

function logs(maxBytes = 1024 * 1024) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = logPath(dir, NAME);
  const writer = new LogWriter({ path, maxBytes, instance: NAME, logger: silentLogger() });
  onTestFinished(() => writer.close());
  return { dir, path, writer };
}

test('log files are filtered by tail, time, text and stream', async () => {
  const { dir, writer } = logs();
  writer.append(whole('a') + whole('b', 2000) + whole('ab', 3000, 'stderr'));
  const read = async (filter: Parameters<typeof readLogFiles>[2]) => texts(await readLogFiles(dir, NAME, filter));
  expect(await read({ tail: 1 })).toEqual(['ab']);
  expect(await read({ tail: 0 })).toEqual([]);
  expect(await read({ sinceMs: 2000 })).toEqual(['b', 'ab']);
  expect(await read({ grep: 'a' })).toEqual(['a', 'ab']);
  expect(await read({ stream: 'stderr' })).toEqual(['ab']);
});

test('log files have a bounded size: one file and one older', async () => {
  const { dir, path, writer } = logs(2000);
  for (let index = 0; index < 50; index += 1) writer.append(whole(`${index} ${'x'.repeat(200)}`));
  for (const file of [path, rotatedPath(path)]) expect(statSync(file).size).toBeLessThan(1300);
  const read = await readLogFiles(dir, NAME, {});
  expect(read.at(-1)?.text).toMatch(/^49 /);
});

test('log files give the last lines without being read whole', () => {
  const { path, writer } = logs();
  for (let index = 0; index < 5000; index += 1) writer.append(whole(`line ${index}`));
  expect(readLastLines(path, 2)).toEqual(['line 4998', 'line 4999']);
  expect(readLastLines(`${path}.none`, 2)).toEqual([]);
});

test('log files are gone when the instance is', async () => {
  const { dir, writer } = logs();
  writer.append(whole('a'));
  await removeLogFiles(dir, NAME);
  expect(await readLogFiles(dir, NAME, {})).toEqual([]);
});

test('log files that cannot be written are reported once, and written again when they can be', () => {
  const { dir, path } = logs();
  const said: string[] = [];
  const logger = { ...silentLogger(), warn: (_fields: object, message: string) => void said.push(message) };
  const writer = new LogWriter({ path, maxBytes: 1000, instance: NAME, logger });
  onTestFinished(() => writer.close());
  appendFileSync(join(dir, 'api'), 'a file in the way of the directory');
  writer.append(whole('lost'));
  writer.append(whole('lost too'));
  rmSync(join(dir, 'api'));
  mkdirSync(dirname(path));
  writer.append(whole('kept'));
  expect(said).toEqual(['log cannot be written', 'log can be written again']);
  expect(readLastLines(path, 5)).toEqual(['kept']);
});
