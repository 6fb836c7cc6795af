import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UNIT_MARK } from '../../../src/core/service/unit-files.ts';
import { compareUnits, writeUnits } from '../../../src/local/install/write-units.ts';
import { temporaryDirectory } from '../../e2e/support.ts';

const unit = (name: string, line = 'Restart=always') => ({ name, text: `${UNIT_MARK}\n[Service]\n${line}\n` });

function write(dir: string, units: readonly ReturnType<typeof unit>[], unneeded: string[] = [], force = false) {
  const changes = compareUnits(units, unneeded, { dir, force });
  writeUnits(changes, units, dir);
  return changes;
}

const kinds = (changes: ReturnType<typeof write>) => changes.map(({ kind }) => kind);

test('units are written once, and a change shows the lines that differ', () => {
  const dir = join(temporaryDirectory(), 'units');
  expect(kinds(write(dir, [unit('a.service')]))).toEqual(['new']);
  expect(kinds(write(dir, [unit('a.service')]))).toEqual(['unchanged']);
  const [changed] = write(dir, [unit('a.service', 'Restart=no')]);
  expect(changed).toMatchObject({ kind: 'changed', difference: ['- Restart=always', '+ Restart=no'] });
  expect(readFileSync(join(dir, 'a.service'), 'utf8')).toContain('Restart=no');
  expect(readdirSync(dir)).toEqual(['a.service']);
});

test('a file of somebody else stays, and nothing at all is written, unless it is forced', () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'a.service'), '[Service]\n');
  expect(() => write(dir, [unit('b.service'), unit('a.service')])).toThrow('a.service: not written by tenement');
  expect(readdirSync(dir)).toEqual(['a.service']);
  expect(kinds(write(dir, [unit('b.service'), unit('a.service')], [], true))).toEqual(['new', 'changed']);
});

test('a socket that the config no longer needs is removed, if it was written here', () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'old.socket'), unit('old.socket').text);
  writeFileSync(join(dir, 'foreign.socket'), '[Socket]\n');
  expect(kinds(write(dir, [], ['old.socket', 'foreign.socket', 'absent.socket']))).toEqual(['removed']);
  expect(existsSync(join(dir, 'old.socket'))).toBe(false);
  expect(existsSync(join(dir, 'foreign.socket'))).toBe(true);
});

test('a directory that cannot be written is an error', () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  expect(() => write(join(file, 'units'), [unit('a.service')])).toThrow('the units cannot be written');
});
