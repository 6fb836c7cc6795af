/**
 * The secrets of tenants for the rest of the supervisor: their versions, and their values for a start. Whatever changes
 * them reads and writes in one synchronous step, so that no change is lost between two.
 */
import { CONFIG } from '../../core/access/actor.ts';
import type { Clock } from '../../core/ports.ts';
import { changedSecrets } from '../../core/secrets/changed-secrets.ts';
import { neededSecrets } from '../../core/secrets/needed-secrets.ts';
import type { SealedSecret, SecretValues, SecretVersion } from '../../core/secrets/sealed-secret.ts';
import type { OpenVault, Vault } from '../../core/secrets/vault.ts';
import type { EffectiveService } from '../../core/service/effective-service.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { Registry } from '../../core/stores/registry.ts';
import type { SecretStore } from '../../core/stores/secret-store.ts';
import type { TenantChange } from '../../core/stores/tenant-store.ts';
import { TenementError } from '../../errors.ts';
import type { TenantTable } from '../tenants/tenant-table.ts';
import { secretEvent } from './secret-event.ts';

export interface TenantSecretsDeps {
  readonly secrets: SecretStore;
  readonly openVault: OpenVault;
  readonly tenants: Pick<TenantTable, 'commit' | 'beforeChange'>;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly events: Pick<EventLog, 'append'>;
}

/** What a process is started with. */
export interface StartSecrets {
  readonly versions: readonly SecretVersion[];
  readonly values: SecretValues;
}

type Generators = Pick<ServiceConfig, 'secrets'>;

const NONE: readonly SecretVersion[] = [];
const NO_VALUES: StartSecrets = { versions: NONE, values: new Map() };

export class TenantSecrets {
  private readonly deps: TenantSecretsDeps;
  /** Tenant → its secrets by name; filled at the first look at a tenant. */
  private readonly known = new Map<string, readonly SecretVersion[]>();

  constructor(deps: TenantSecretsDeps) {
    this.deps = deps;
    deps.tenants.beforeChange((change) => () => this.committed(change));
  }

  /** Returns the secrets of a tenant, by name. */
  versions(tenantId: string): readonly SecretVersion[] {
    const known = this.known.get(tenantId) ?? this.read(tenantId);
    this.known.set(tenantId, known);
    return known;
  }

  /** Whether an operator has given it secrets, which go only with the tenant. */
  hasGiven(tenantId: string): boolean {
    return this.versions(tenantId).some(({ source }) => source === 'operator');
  }

  /** Whether a start of this service has anything to do with secrets. */
  concern(tenantId: string, service: EffectiveService): boolean {
    const declares = neededSecrets(service).length + Object.keys(service.secrets).length > 0;
    return declares || this.versions(tenantId).length > 0;
  }

  /** Returns the secrets that a service lacks and does not generate. */
  missing(service: EffectiveService, tenantId: string): string[] {
    const present = new Set(this.versions(tenantId).map(({ name }) => name));
    return neededSecrets(service).filter((name) => !present.has(name) && !Object.hasOwn(service.secrets, name));
  }

  /**
   * Prepares the generated secrets of a tenant. The returned function makes those that it lacks, for the transaction
   * that the same step writes.
   * @throws {TenementError} `secrets_locked`
   */
  async generatorFor(tenantId: string, services: readonly Generators[]): Promise<() => SealedSecret[]> {
    const generators = Object.fromEntries(services.flatMap(({ secrets }) => Object.entries(secrets)));
    if (this.lacking(tenantId, generators).length === 0) return () => [];
    const vault = await this.deps.openVault();
    return () => this.generated(tenantId, generators, vault);
  }

  /**
   * Returns what a process of this service is started with. Generated secrets that are new in the config are made and
   * written first. @throws {TenementError} `secrets_locked`, `secret_missing`, `state_failed`
   */
  async forStart(tenantId: string, service: EffectiveService): Promise<StartSecrets> {
    await this.complete(tenantId, service);
    this.assertNoneMissing(tenantId, service);
    if (this.versions(tenantId).length === 0) return NO_VALUES;
    return this.opened(tenantId);
  }

  /** Like `forStart`, without what is missing. @throws {TenementError} `secrets_locked` */
  async opened(tenantId: string): Promise<StartSecrets> {
    if (this.versions(tenantId).length === 0) return NO_VALUES;
    const vault = await this.deps.openVault();
    const sealed = this.deps.secrets.list(tenantId);
    const values = new Map(sealed.map((secret) => [secret.name, vault.open(tenantId, secret)]));
    return { versions: sealed.map(versionOf), values };
  }

  private async complete(tenantId: string, service: Generators): Promise<void> {
    if (this.lacking(tenantId, service.secrets).length === 0) return;
    const generate = await this.generatorFor(tenantId, [service]);
    const made = await this.deps.registry.whenWritable(() => {
      const putSecrets = generate();
      if (putSecrets.length > 0) this.deps.tenants.commit({ tenantId, putSecrets });
      return putSecrets;
    });
    const { events, clock } = this.deps;
    for (const secret of made)
      events.append(secretEvent('secret-set', tenantId, secret, { by: CONFIG, atMs: clock.nowMs() }));
  }

  private assertNoneMissing(tenantId: string, service: EffectiveService): void {
    const missing = this.missing(service, tenantId);
    const [first] = missing;
    if (first === undefined) return;
    const what = missing.length === 1 ? `the secret ${first} is` : `the secrets ${missing.join(', ')} are`;
    throw new TenementError('secret_missing', `${what} not set for ${tenantId}`, {
      hint: `${missing.length === 1 ? 'Set it' : 'Set them'}: ${missing.map((name) => `\`tenement secret set ${tenantId} ${name}\``).join(', ')}.`,
    });
  }

  private generated(tenantId: string, generators: ServiceConfig['secrets'], vault: Vault): SealedSecret[] {
    const values = new Map(
      this.lacking(tenantId, generators).flatMap((name) => {
        const generator = generators[name];
        return generator === undefined ? [] : [[name, vault.generate(generator)] as const];
      }),
    );
    return changedSecrets({ tenantId, values, source: 'generated', nowMs: this.deps.clock.nowMs() }, [], vault);
  }

  private lacking(tenantId: string, generators: ServiceConfig['secrets']): string[] {
    const names = Object.keys(generators);
    if (names.length === 0) return names;
    const present = new Set(this.versions(tenantId).map(({ name }) => name));
    return names.filter((name) => !present.has(name));
  }

  private read(tenantId: string): readonly SecretVersion[] {
    const versions = this.deps.secrets.list(tenantId).map(versionOf);
    return versions.length === 0 ? NONE : versions;
  }

  private committed({ tenantId, record, putSecrets, removeSecrets, operation }: TenantChange): void {
    const isGone = record === null || operation?.kind === 'delete';
    if (isGone || putSecrets !== undefined || removeSecrets !== undefined) this.known.delete(tenantId);
  }
}

function versionOf({ name, version, changedAtMs, source }: SecretVersion): SecretVersion {
  return { name, version, changedAtMs, source };
}
