import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keyWarnings } from '../../src/identity/key-warnings.ts';

const RULES = { issuers: [], audiences: [], cookie: null };

function setIn(keys: readonly object[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'keys.json');
  writeFileSync(path, JSON.stringify({ keys }));
  return path;
}

const of = (path: string) => keyWarnings({ ...RULES, keys: { kind: 'file', path } });
const KEY = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

test('a check warns of keys that cannot be loaded, and of those that are left out', async () => {
  expect(await of(setIn([KEY]))).toEqual([]);
  const mixed = setIn([KEY, { kty: 'oct', k: 'AA' }]);
  expect(await of(mixed)).toEqual([
    expect.stringMatching(/^routing\.jwt\.jwks: .* has a key that is left out, key 2: a secret/),
  ]);
  expect(await of('/nowhere/keys.json')).toEqual([
    expect.stringMatching(
      /^routing\.jwt\.jwks: no keys from \/nowhere\/keys\.json: .*ENOENT.*; every token is refused until/,
    ),
  ]);
});

test('without tokens, or with a secret, there is nothing to load', async () => {
  expect(await keyWarnings(null)).toEqual([]);
  expect(await keyWarnings({ ...RULES, keys: { kind: 'secret', path: '/nowhere' } })).toEqual([]);
});
