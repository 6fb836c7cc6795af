/** Which secrets a set of values changes. Pure, apart from the vault. */
import { TenementError } from '../../errors.ts';
import type { SealedSecret, SecretSource } from './sealed-secret.ts';
import { assertSecretName, assertSecretValue } from './secret-rules.ts';
import type { Vault } from './vault.ts';

export interface SecretChanges {
  readonly tenantId: string;
  /** Names with their new values. */
  readonly values: ReadonlyMap<string, string>;
  readonly source: SecretSource;
  readonly nowMs: number;
}

/**
 * Encrypts the values that are new or differ from the present ones, as the next versions. Give the result to
 * `TenantStore.commit` as `putSecrets`.
 * @param present the tenant's secrets; read them under its lock
 * @throws {TenementError} `bad_input` for a name or value that is not allowed, `secret_taken` for a hook's or generated
 *   value in place of a secret from elsewhere, `secrets_locked`
 */
export function changedSecrets(
  { tenantId, values, source, nowMs }: SecretChanges,
  present: readonly SealedSecret[],
  vault: Vault,
): SealedSecret[] {
  const known = new Map(present.map((secret) => [secret.name, secret]));
  return [...values].flatMap(([name, value]) => {
    assertSecretName(name);
    assertSecretValue(name, value);
    const was = known.get(name);
    if (was !== undefined) {
      assertReplaceable(tenantId, was, source);
      if (hasValue(tenantId, was, value, vault)) return [];
    }
    return [vault.seal(tenantId, { name, value, version: (was?.version ?? 0) + 1, changedAtMs: nowMs, source })];
  });
}

/** Only an operator replaces what someone else gave. @throws {TenementError} `secret_taken` */
function assertReplaceable(tenantId: string, was: SealedSecret, source: SecretSource): void {
  if (source === 'operator' || was.source === source) return;
  throw new TenementError(
    'secret_taken',
    `${was.name} of ${tenantId} comes from ${toldSource(was.source)}, and ${toldSource(source)} gives one of the same name`,
  );
}

function toldSource(source: SecretSource): string {
  if (source === 'operator') return 'an operator';
  return source === 'generated' ? 'the config (`generate`)' : `the hook ${source.slice('hook:'.length)}`;
}

/** A secret that was altered has no value, so that it can be replaced. */
function hasValue(tenantId: string, was: SealedSecret, value: string, vault: Vault): boolean {
  try {
    return vault.open(tenantId, was) === value;
  } catch (error) {
    if (error instanceof TenementError && error.code === 'secrets_locked') return false;
    throw error;
  }
}
