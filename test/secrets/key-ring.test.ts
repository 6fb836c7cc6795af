import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { keyFile, nextKeyFile, openKeyRing } from '../../src/secrets/key-ring.ts';

const UNUSED = () => false;
const USED = () => true;

function places() {
  const stateDir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const credentialsDir = join(stateDir, 'credentials');
  mkdirSync(credentialsDir);
  const give = (name: string, byte: number, mode = 0o600) => {
    const path = join(stateDir, name);
    writeFileSync(path, Buffer.alloc(32, byte).toString('base64'), { mode });
    return path;
  };
  return { stateDir, credentialsDir, give };
}

it('makes a key that only the user may read, and keeps it', () => {
  const at = places();
  const made = openKeyRing(at, UNUSED);
  expect(statSync(keyFile(at.stateDir)).mode & 0o7777).toBe(0o600);
  expect(openKeyRing(at, USED).current.id).toBe(made.current.id);
});

it('makes no second key for secrets whose key is missing', () => {
  const at = places();
  expect(() => openKeyRing(at, USED)).toThrow(/the key of the secrets is missing: there is no .*secrets\.key$/);
  expect(existsSync(keyFile(at.stateDir))).toBe(false);
});

it('takes the credential before the file, and opens with both', () => {
  const at = places();
  at.give('secrets.key', 1);
  const file = openKeyRing(at, USED);
  at.give('credentials/tenement-key', 2, 0o440);
  at.give('credentials/tenement-key-previous', 3, 0o440);
  const ring = openKeyRing(at, USED);
  expect(ring.source).toBe('credential');
  expect(ring.current.id).not.toBe(file.current.id);
  expect(ring.keys.has(file.current.id)).toBe(true);
  expect(ring.keys.size).toBe(3);
});

it('encrypts with the next key while keys are changed', () => {
  const at = places();
  at.give('secrets.key', 1);
  const old = openKeyRing(at, USED).current.id;
  at.give('secrets.key.next', 2);
  const { current, keys } = openKeyRing(at, USED);
  expect(current.id).not.toBe(old);
  expect([...keys.keys()].sort()).toEqual([old, current.id].sort());
  expect(existsSync(nextKeyFile(at.stateDir))).toBe(true);
});

it.each([
  ['hex', (key: Buffer) => `${key.toString('hex')}\n`],
  ['base64', (key: Buffer) => key.toString('base64')],
  ['bytes', (key: Buffer) => key],
])('reads a key in %s', (_form, write) => {
  const at = places();
  writeFileSync(keyFile(at.stateDir), write(Buffer.alloc(32, 9)), { mode: 0o400 });
  const { current } = openKeyRing(at, USED);
  at.give('secrets.key', 9);
  expect(openKeyRing(at, USED).current.id).toBe(current.id);
});

it.each<[string, (path: string) => void, RegExp]>([
  ['that others may read', (path) => chmodSync(path, 0o604), /its mode 0604 lets others read it/],
  ['that a group may read', (path) => chmodSync(path, 0o640), /its mode 0640/],
  ['that is cut', (path) => writeFileSync(path, 'abcdef'), /it holds no key/],
  ['that is empty', (path) => writeFileSync(path, ''), /it holds no key/],
  ['that is too long', (path) => writeFileSync(path, 'a'.repeat(2000)), /it has 2000 bytes/],
  [
    'that is a link',
    (path) => {
      rmSync(path);
      symlinkSync('/dev/zero', path);
    },
    /it is a symbolic link/,
  ],
  [
    'that is a directory',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    /it is not a regular file/,
  ],
])('refuses a key %s, and changes nothing', (_what, spoil, problem) => {
  const at = places();
  const path = at.give('secrets.key', 1);
  spoil(path);
  const before = statSync(path).isFile() ? readFileSync(path) : null;
  expect(() => openKeyRing(at, UNUSED)).toThrow(
    expect.objectContaining({ code: 'secrets_locked', message: expect.stringMatching(problem) }),
  );
  if (before !== null) expect(readFileSync(path)).toEqual(before);
});
