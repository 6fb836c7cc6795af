import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSecretFile } from '../../src/node/secret-file.ts';

function secretFile(mode: number, text = 'secret\n'): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'secret');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('a file of its owner and group is read, also through a link', () => {
  for (const mode of [0o600, 0o400, 0o640]) {
    const path = secretFile(mode);
    symlinkSync(path, `${path}-link`);
    for (const one of [path, `${path}-link`]) expect(readSecretFile(one)).toEqual({ ok: true, text: 'secret\n' });
  }
});

test('a file that others may read or change is refused, with its mode and the remedy', () => {
  for (const mode of [0o644, 0o604, 0o660, 0o602, 0o777]) {
    const read = readSecretFile(secretFile(mode));
    const shown = mode.toString(8).padStart(4, '0');
    expect(read).toEqual({ ok: false, problem: `its mode ${shown} gives other users access; run: chmod 600` });
  }
});

test('what is no readable file says so', () => {
  const path = secretFile(0o600);
  mkdirSync(`${path}-dir`, { mode: 0o700 });
  expect(readSecretFile(`${path}-none`)).toEqual({ ok: false, problem: 'there is no such file' });
  expect(readSecretFile(`${path}-dir`)).toEqual({ ok: false, problem: 'it is not a regular file' });
  expect(readSecretFile(secretFile(0o600, 'x'.repeat(20_000)))).toMatchObject({
    problem: expect.stringContaining('20000'),
  });
});
