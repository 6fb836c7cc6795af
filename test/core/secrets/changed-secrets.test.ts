import { expect, it } from 'vitest';
import { changedSecrets } from '../../../src/core/secrets/changed-secrets.ts';
import type { SealedSecret, SecretSource } from '../../../src/core/secrets/sealed-secret.ts';
import { plainVault } from '../../supervisor/fake-secrets.ts';

function present(name: string, value: string, source: SecretSource = 'operator', version = 1): SealedSecret {
  return plainVault.seal('acme', { name, value, version, changedAtMs: 1, source });
}

function changed(values: Record<string, string>, was: readonly SealedSecret[], source: SecretSource = 'operator') {
  return changedSecrets(
    { tenantId: 'acme', values: new Map(Object.entries(values)), source, nowMs: 5 },
    was,
    plainVault,
  );
}

it('gives a new secret version 1, and a changed one the next', () => {
  const put = changed({ A: 'new', B: 'first' }, [present('A', 'old', 'operator', 7)]);
  expect(put.map(({ name, version, changedAtMs }) => [name, version, changedAtMs])).toEqual([
    ['A', 8, 5],
    ['B', 1, 5],
  ]);
  expect(put.map((secret) => plainVault.open('acme', secret))).toEqual(['new', 'first']);
});

it('leaves out values that are there already', () => {
  expect(changed({ A: 'same' }, [present('A', 'same')])).toEqual([]);
  expect(changed({ A: 'same' }, [present('A', 'same', 'hook:api/db')])).toEqual([]);
});

it('lets an operator replace any secret, and a hook only its own', () => {
  expect(changed({ A: 'new' }, [present('A', 'old', 'hook:api/db')])).toMatchObject([
    { source: 'operator', version: 2 },
  ]);
  expect(changed({ A: 'new' }, [present('A', 'old', 'hook:api/db')], 'hook:api/db')).toHaveLength(1);
  expect(() => changed({ A: 'new' }, [present('A', 'old')], 'hook:api/db')).toThrow(
    'A of acme comes from an operator, and the hook api/db gives one of the same name',
  );
  expect(() => changed({ A: 'same' }, [present('A', 'same', 'generated')], 'hook:api/db')).toThrow(
    /secret_taken|generate/,
  );
});

it('refuses names and values that are not allowed, and tells no value', () => {
  expect(() => changed({ PATH: 'x' }, [])).toThrow(expect.objectContaining({ code: 'bad_input' }));
  expect(() => changed({ A: 'hidden\0value' }, [])).toThrow(/^A: the value contains NUL$/);
});
