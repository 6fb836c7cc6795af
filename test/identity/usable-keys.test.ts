import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { usableKeys } from '../../src/identity/usable-keys.ts';

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const setOf = (...keys: unknown[]) => usableKeys(JSON.stringify({ keys }));
const refusedOf = (...keys: unknown[]) => {
  const set = setOf(...keys);
  return typeof set === 'string' ? set : set.refused.join();
};

test('keys of signatures are kept as they are, and new members do not matter', () => {
  const keys = [
    jwk(EC.publicKey, { kid: 'a', alg: 'ES256', use: 'sig', x5t: 'x' }),
    jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, { kid: 'b' }),
    jwk(generateKeyPairSync('ed25519').publicKey, { kid: 'c' }),
  ];
  expect(setOf(...keys)).toEqual({ keys, refused: [] });
});

test('a private key that was published goes no further', () => {
  const set = setOf(jwk(EC.privateKey, { kid: 'a' }));
  expect(set).toEqual({ keys: [jwk(EC.publicKey, { kid: 'a' })], refused: [] });
});

test.each([
  [{ kty: 'oct', k: 'c2VjcmV0', kid: 's' }, /^"s": a secret, which is not public any more; use secret_file/],
  [jwk(EC.publicKey, { use: 'enc' }), /^key 1: not for signatures/],
  [{ kty: 'XX' }, /of a type that signs nothing/],
  [{ kty: 'RSA', n: '!', e: 'AQAB' }, /cannot be read|too weak/],
  [jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /RSA with 1024 bits is too weak/],
  [jwk(EC.publicKey, { kid: 5 }), /its kid is not a string/],
  [null, /not a key/],
  ['key', /not a key/],
])('%j is left out, and the log says why', (key, reason) => {
  expect(refusedOf(key)).toMatch(reason);
});

test.each(['', 'null', '[]', '{}', '{"keys":{}}', '<html>', '5'])('%j is no key set', (text) => {
  expect(usableKeys(text)).toMatch(/not a JSON Web Key Set/);
});

test('a set has a bounded number of keys', () => {
  expect(setOf(...Array.from({ length: 65 }, () => jwk(EC.publicKey)))).toMatch(/65 keys, more than 64/);
});
