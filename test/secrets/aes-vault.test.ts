import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { SealedSecret } from '../../src/core/secrets/sealed-secret.ts';
import { AesVault } from '../../src/secrets/aes-vault.ts';
import { openKeyRing } from '../../src/secrets/key-ring.ts';

function vaultOf(usedKeyIds: readonly string[] = []) {
  const stateDir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const ring = openKeyRing({ stateDir, credentialsDir: null }, () => false);
  return new AesVault(
    () => ring,
    () => usedKeyIds,
  );
}

const SECRET = { name: 'A', version: 1, changedAtMs: 5, source: 'operator', value: 'the value: ü\n' } as const;

it('returns what it was given, and shows nothing of it meanwhile', () => {
  const vault = vaultOf();
  const sealed = vault.seal('acme', SECRET);
  expect(vault.open('acme', sealed)).toBe(SECRET.value);
  expect(Buffer.from(sealed.sealed).includes('value')).toBe(false);
  expect(JSON.stringify(sealed)).not.toContain('the value');
});

it('encrypts the same value differently each time', () => {
  const vault = vaultOf();
  expect(vault.seal('acme', SECRET).sealed).not.toEqual(vault.seal('acme', SECRET).sealed);
});

it.each<[string, string, Partial<SealedSecret>]>([
  ['another tenant', 'globex', {}],
  ['another name', 'acme', { name: 'B' }],
  ['another version', 'acme', { version: 2 }],
])('does not open what was moved to %s', (_where, tenantId, change) => {
  const vault = vaultOf();
  const sealed = vault.seal('acme', SECRET);
  expect(() => vault.open(tenantId, { ...sealed, ...change })).toThrow(/was altered in the registry/);
});

it('does not open what was altered or cut', () => {
  const vault = vaultOf();
  const sealed = vault.seal('acme', SECRET);
  for (let at = 0; at < sealed.sealed.length; at += 1) {
    const altered = Uint8Array.from(sealed.sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
    expect(() => vault.open('acme', { ...sealed, sealed: altered })).toThrow(/was altered/);
    expect(() => vault.open('acme', { ...sealed, sealed: sealed.sealed.subarray(0, at) })).toThrow(/was altered/);
  }
});

it('neither opens nor adds secrets while its key is not the one of the registry', () => {
  const sealed = vaultOf().seal('acme', SECRET);
  const vault = vaultOf([sealed.keyId]);
  const locked = expect.objectContaining({ code: 'secrets_locked', message: expect.stringContaining(sealed.keyId) });
  expect(() => vault.open('acme', sealed)).toThrow(locked);
  expect(() => vault.seal('acme', SECRET)).toThrow(locked);
});
