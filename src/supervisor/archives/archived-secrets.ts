/** Secrets of a tenant on their way into an archive, out of it, or to a clone. */
import type { Archives } from '../../core/archive/copies.ts';
import type { Manifest } from '../../core/archive/manifest.ts';
import type { SealedSecret } from '../../core/secrets/sealed-secret.ts';
import { assertSecretName, assertSecretValue } from '../../core/secrets/secret-rules.ts';
import type { PlainSecret } from '../../core/secrets/vault.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

/**
 * Returns the secrets that belong to the data: an operator's, and generated ones, without which the application may be
 * unable to read what it has encrypted. Those of hooks lead to a database of the tenant's own; the hooks of a new tenant
 * make others.
 */
export async function secretsOf(tenantId: string, { deps }: SupervisorParts): Promise<PlainSecret[]> {
  const sealed = deps.secrets.list(tenantId).filter(({ source }) => !source.startsWith('hook:'));
  if (sealed.length === 0) return [];
  const vault = await deps.openVault();
  return sealed.map((secret) => {
    const { name, version, changedAtMs, source } = secret;
    return { name, version, changedAtMs, source, value: vault.open(tenantId, secret) };
  });
}

export async function sealedFor(
  tenantId: string,
  secrets: readonly PlainSecret[],
  { deps }: SupervisorParts,
): Promise<SealedSecret[]> {
  if (secrets.length === 0) return [];
  const vault = await deps.openVault();
  return secrets.map((secret) => vault.seal(tenantId, secret));
}

/** The archive that its secrets belong to. */
export function bindingOf({ tenant, createdAt }: Manifest): string {
  return JSON.stringify(['secrets of a tenement archive', tenant.id, createdAt]);
}

/** @throws {TenementError} `bad_passphrase`, `bad_archive` */
export async function openedSecrets(
  sealed: string,
  passphrase: string,
  manifest: Manifest,
  archives: Archives,
): Promise<readonly PlainSecret[]> {
  const secrets = await archives.openSecrets(sealed, { passphrase, binding: bindingOf(manifest) });
  try {
    for (const { name, value } of secrets) {
      assertSecretName(name);
      assertSecretValue(name, value);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('bad_archive', `the archive is refused: its secrets are damaged: ${why}`);
  }
  return secrets.map(({ name, version, changedAtMs, source, value }) => ({
    name,
    version: Number.isSafeInteger(version) && version > 0 ? version : 1,
    changedAtMs: Number.isSafeInteger(changedAtMs) ? changedAtMs : 0,
    source: source === 'generated' ? source : 'operator',
    value,
  }));
}
