import { describe, expect, it } from 'vitest';
import { readMeters, readSecrets } from '../../../src/core/provisioning/hook-output.ts';

const bytes = (text: string) => Buffer.from(text);
const problemOf = (text: string | Buffer) => {
  const read = readSecrets(typeof text === 'string' ? bytes(text) : text);
  return read.ok ? null : read.problem;
};

describe('what create prints', () => {
  it('is one value a line, all after the first =, with empty lines skipped', () => {
    const read = readSecrets(bytes('\nDATABASE_URL=postgres://a:b=c@h/db?x=1\n\nEMPTY=\nSPACES= a b \n'));
    expect(read).toMatchObject({ ok: true });
    expect(read.ok && [...read.values]).toEqual([
      ['DATABASE_URL', 'postgres://a:b=c@h/db?x=1'],
      ['EMPTY', ''],
      ['SPACES', ' a b '],
    ]);
  });

  it('may be nothing', () => {
    expect(readSecrets(bytes(''))).toEqual({ ok: true, values: new Map() });
  });

  it.each([
    ['a line without =', 'A=1\nhunter2\n', 'line 2 of its output: expected NAME=VALUE'],
    ['a reserved name', 'PATH=/tmp\n', /^line 1 of its output: .*PATH/],
    ['a name of the loader', 'LD_PRELOAD=/x\n', /LD_PRELOAD/],
    ['no name', '=hunter2\n', /the name of a secret/],
    ['a name with a space', 'hunter2 =1\n', /the name of a secret/],
    ['a name that is given twice', 'A=1\nA=2\n', 'line 2 of its output: A is given twice'],
    ['a NUL byte', 'A=1\0\n', 'it printed a NUL byte'],
    ['what is not UTF-8', Buffer.from([0x41, 0x3d, 0xff]), 'it printed something that is not UTF-8'],
    ['a long value', `A=${'x'.repeat(65_537)}`, /the value has 65537 bytes/],
    ['many names', Array.from({ length: 65 }, (_, n) => `A${n}=1`).join('\n'), /more than 64 names/],
  ])('is refused with %s, and nothing of the line is told', (_what, text, problem) => {
    expect(problemOf(text)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
    expect(problemOf(text)).not.toContain('hunter2');
  });
});

describe('what measure prints', () => {
  it('is one number a line', () => {
    const read = readMeters(bytes('databaseBytes=8192\nkeys=12\nratio=0.25\n'));
    expect(read.ok && [...read.values]).toEqual([
      ['databaseBytes', 8192],
      ['keys', 12],
      ['ratio', 0.25],
    ]);
  });

  it.each([
    ['a meter of its own', 'requests=1'],
    ['a negative number', 'keys=-1'],
    ['an exponent', 'keys=1e9'],
    ['what is no number', 'keys=NaN'],
    ['a name with a capital', 'Keys=1'],
    ['__proto__', '__proto__=1'],
    ['more than 16 names', Array.from({ length: 17 }, (_, n) => `a${n}=1`).join('\n')],
  ])('is refused with %s', (_what, text) => {
    expect(readMeters(bytes(text)).ok).toBe(false);
  });
});
