import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openClientFile } from '../../src/archive/client-file.ts';
import type { ClientFile } from '../../src/core/archive/copies.ts';

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-client-file-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

function clientFile(descriptor: number): ClientFile {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return { pid: process.pid, descriptor, device: `${dev}`, inode: `${ino}` };
}

describe('a file that a client has opened', () => {
  test('is written through a descriptor of its own', () => {
    const theirs = openSync(join(temporaryDir(), 'file'), 'wx', 0o600);
    const ours = openClientFile(clientFile(theirs));
    writeSync(ours, 'text');
    expect(fstatSync(theirs).size).toBe(4);
    closeSync(ours);
    closeSync(theirs);
  });

  test('is refused when it is another file, as that of another pid namespace would be', () => {
    const dir = temporaryDir();
    const meant = openSync(join(dir, 'meant'), 'wx');
    const other = openSync(join(dir, 'other'), 'wx');
    const file = { ...clientFile(meant), descriptor: other };
    expect(() => openClientFile(file)).toThrow(expect.objectContaining({ code: 'output_unreachable' }));
    closeSync(meant);
    closeSync(other);
  });

  test('is refused when something is in it', () => {
    const theirs = openSync(join(temporaryDir(), 'file'), 'wx');
    writeSync(theirs, 'text');
    expect(() => openClientFile(clientFile(theirs))).toThrow('it is not an empty file');
    closeSync(theirs);
  });

  test('is refused when it is a device', () => {
    const theirs = openSync('/dev/null', 'w');
    expect(() => openClientFile(clientFile(theirs))).toThrow('it is not an empty file');
    closeSync(theirs);
  });

  test('is refused when its process has ended', () => {
    const file = { pid: 2 ** 22, descriptor: 3, device: '1', inode: '1' };
    expect(() => openClientFile(file)).toThrow(expect.objectContaining({ code: 'output_unreachable' }));
  });
});
