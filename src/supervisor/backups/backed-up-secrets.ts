/** Secrets of a backup, for the tenant that is made of it. */
import type { SealedSecret } from '../../core/secrets/sealed-secret.ts';
import { assertSecretName } from '../../core/secrets/secret-rules.ts';
import type { PlainSecret } from '../../core/secrets/vault.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

/**
 * Returns those that this server's key opens. Those of hooks lead to a database that is not in the backup; the hooks of a
 * new tenant make others.
 * @param from the tenant that they belonged to
 * @param notes receives what is left out
 */
export async function secretsOfBackup(
  from: string,
  text: string | null,
  notes: string[],
  { deps }: SupervisorParts,
): Promise<PlainSecret[]> {
  const sealed = (text === null ? [] : parsed(text)).filter(({ source }) => !source.startsWith('hook:'));
  if (sealed.length === 0) return [];
  const vault = await deps.openVault();
  const lost: string[] = [];
  const secrets = sealed.flatMap((secret): PlainSecret[] => {
    const { name, version, changedAtMs, source } = secret;
    try {
      return [{ name, version, changedAtMs, source, value: vault.open(from, secret) }];
    } catch (error) {
      if (!(error instanceof TenementError)) throw error;
      lost.push(name);
      return [];
    }
  });
  if (lost.length > 0)
    notes.push(
      `secrets were left out, because the key of the server that made the backup is not here: ${lost.join(', ')}`,
    );
  return secrets;
}

/** @throws {TenementError} `bad_archive` */
function parsed(text: string): SealedSecret[] {
  try {
    return (JSON.parse(text) as (Omit<SealedSecret, 'sealed'> & { readonly sealed: string })[]).map((secret) => {
      assertSecretName(secret.name);
      return { ...secret, source: secret.source, sealed: Buffer.from(secret.sealed, 'base64') };
    });
  } catch {
    throw new TenementError('bad_archive', 'the backup is refused: its secrets are damaged');
  }
}
