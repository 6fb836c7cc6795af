/** Secrets behind the API: remembers what it was asked. */
import type { KeyChange } from '../../src/core/secrets/key-change.ts';
import { unknownTenant } from '../../src/core/tenants/tenant.ts';
import type { SecretFace, SecretList, SecretVerbs, SecretView } from '../../src/core/verbs/secret-verbs.ts';

export function secretView(name: string, version = 1): SecretView {
  return { name, version, source: 'operator', changedAt: '2026-01-01T00:00:00.000Z', neededBy: ['api'] };
}

export class FakeSecrets implements SecretFace, SecretVerbs {
  readonly calls: unknown[][] = [];
  missing: SecretList['missing'] = [];
  unreadable: readonly string[] = [];
  /** Tenants that exist. */
  private readonly tenants: ReadonlyMap<string, unknown>;

  constructor(tenants: ReadonlyMap<string, unknown>) {
    this.tenants = tenants;
  }

  by(): SecretVerbs {
    return this;
  }

  async changeKey(): Promise<KeyChange> {
    this.calls.push(['changeKey']);
    return { keyId: 'f00d', secrets: 3, unreadable: this.unreadable };
  }

  list(tenantId: string): SecretList {
    this.assertThere(tenantId);
    return { secrets: [secretView('STRIPE_KEY')], missing: this.missing };
  }

  async set(tenantId: string, name: string, value: string): Promise<SecretView> {
    this.assertThere(tenantId);
    this.calls.push(['set', tenantId, name, value]);
    return secretView(name);
  }

  async remove(tenantId: string, name: string): Promise<void> {
    this.assertThere(tenantId);
    this.calls.push(['remove', tenantId, name]);
  }

  async rotate(tenantId: string, name: string): Promise<SecretView> {
    this.assertThere(tenantId);
    this.calls.push(['rotate', tenantId, name]);
    return secretView(name, 2);
  }

  private assertThere(tenantId: string): void {
    if (!this.tenants.has(tenantId)) throw unknownTenant(tenantId);
  }
}
