/** Secrets in memory, and a vault that encrypts nothing. */
import type { OwnedSecret, SealedSecret } from '../../src/core/secrets/sealed-secret.ts';
import type { Vault } from '../../src/core/secrets/vault.ts';
import type { SecretStore } from '../../src/core/stores/secret-store.ts';
import type { TenantChange } from '../../src/core/stores/tenant-store.ts';

export class FakeSecrets implements SecretStore {
  private readonly tenants = new Map<string, Map<string, SealedSecret>>();

  list(tenantId: string): SealedSecret[] {
    return [...(this.tenants.get(tenantId)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  keyIds(): string[] {
    return [...new Set([...this.tenants.keys()].flatMap((id) => this.list(id)).map(({ keyId }) => keyId))];
  }

  notUnder(): OwnedSecret[] {
    return [];
  }

  reseal(): void {}

  scrub(): void {}

  apply({ tenantId, record, putSecrets = [], removeSecrets = [] }: TenantChange): void {
    const secrets = this.tenants.get(tenantId) ?? new Map<string, SealedSecret>();
    for (const name of removeSecrets) secrets.delete(name);
    for (const secret of putSecrets) secrets.set(secret.name, secret);
    if (record === null) secrets.clear();
    this.tenants.set(tenantId, secrets);
  }
}

let generated = 0;

export const plainVault: Vault = {
  seal: (_tenantId, { value, ...secret }) => ({ ...secret, keyId: 'plain', sealed: Buffer.from(value) }),
  generate: ({ kind, length }) => `${kind}:${length}:${++generated}`,
  open: (_tenantId, { sealed }) => Buffer.from(sealed).toString(),
};
