/** Secrets of tenants as a host program may use them. */
import { LIBRARY } from '../../core/access/actor.ts';
import type { KeyChange } from '../../core/secrets/key-change.ts';
import { assertSecretName } from '../../core/secrets/secret-rules.ts';
import type { SecretFace, SecretList, SecretVerbs } from '../../core/verbs/secret-verbs.ts';
import { TenementError } from '../../errors.ts';
import type { Call } from '../calls.ts';

/** The verbs of secrets. Each settles when it is done. No verb returns a value. */
export interface Secrets extends SecretVerbs {
  /** Lists the names and versions of a tenant's secrets. @throws {TenementError} `unknown_tenant` */
  list(tenantId: string): SecretList;
  /** Encrypts all secrets with a new key, or goes on with it. @throws {TenementError} `secrets_locked`, `state_failed` */
  changeKey(): Promise<KeyChange>;
}

export function librarySecrets(secrets: SecretFace, call: Call): Secrets {
  const verbs = secrets.by(LIBRARY);
  return {
    set: (tenantId, name, value) =>
      call(() => {
        assertName(name);
        if (typeof value !== 'string') throw new TenementError('bad_input', `${name}: expected a string`);
        return verbs.set(tenantId, name, value);
      }),
    remove: (tenantId, name) =>
      call(() => {
        assertName(name);
        return verbs.remove(tenantId, name);
      }),
    rotate: (tenantId, name) =>
      call(() => {
        assertName(name);
        return verbs.rotate(tenantId, name);
      }),
    list: (tenantId) => secrets.list(tenantId),
    changeKey: () => call(() => secrets.changeKey(LIBRARY)),
  };
}

/** Callers in JavaScript may pass anything. The message shows nothing of it. */
function assertName(name: unknown): void {
  if (typeof name !== 'string') throw new TenementError('bad_input', 'the name of a secret is a string');
  assertSecretName(name);
}
