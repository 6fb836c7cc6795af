/** What an archive says of its tenant. Pure. */
import { TenementError } from '../../errors.ts';
import { type DomainRecord, isActive } from '../domains/domain.ts';
import { assertSpawnOptions } from '../input/spawn-input.ts';
import { assertCreateTenantOptions } from '../input/tenant-input.ts';
import type { InstanceRecord } from '../lifecycle/instance.ts';
import { type LimitsInput, ownLimitsView } from '../limits/limits.ts';
import { isLabel, type TenantRecord } from '../tenants/tenant.ts';
import type { CopyTotals } from './copies.ts';

const FORMAT = 'tenement archive';
/** Raised when older versions of tenement could not read the archive. */
const VERSION = 1;

/** An instance with what is its own. */
export interface ArchivedInstance {
  readonly service: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: LimitsInput;
}

export interface Manifest extends CopyTotals {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** Version of tenement that made it. */
  readonly tenement: string;
  readonly createdAt: string;
  readonly tenant: {
    readonly id: string;
    readonly plan: string | null;
    readonly expiresAt: string | null;
    readonly labels: Readonly<Record<string, string>>;
    readonly env: Readonly<Record<string, string>>;
    readonly domains: readonly string[];
    /** Host → the service that it leads to. Archives of earlier versions lack this and what follows. */
    readonly domainServices?: Readonly<Record<string, string>>;
    /** Those of `domains` that were not verified yet. */
    readonly pendingDomains?: readonly string[];
  };
  readonly instances: readonly ArchivedInstance[];
  /** Whether there are secrets, which a passphrase opens. */
  readonly hasSecrets: boolean;
}

export interface ManifestFacts {
  readonly record: TenantRecord;
  readonly instances: readonly InstanceRecord[];
  readonly domains: readonly DomainRecord[];
  readonly totals: CopyTotals;
  readonly hasSecrets: boolean;
  readonly tenement: string;
  readonly nowMs: number;
}

export function manifestOf({
  record,
  instances,
  domains,
  totals,
  hasSecrets,
  tenement,
  nowMs,
}: ManifestFacts): Manifest {
  const { id, plan, expiresAtMs, labels, env } = record;
  return {
    format: FORMAT,
    version: VERSION,
    tenement,
    createdAt: new Date(nowMs).toISOString(),
    tenant: {
      id,
      plan,
      expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
      labels,
      env,
      domains: domains.map(({ host }) => host),
      domainServices: Object.fromEntries(domains.map(({ host, service }) => [host, service])),
      pendingDomains: domains.filter((domain) => !isActive(domain)).map(({ host }) => host),
    },
    instances: instances.map(({ service, env, limits }) => ({ service, env, limits: ownLimitsView(limits) })),
    files: totals.files,
    bytes: totals.bytes,
    hasSecrets,
  };
}

/** Reads a manifest from outside. @throws {TenementError} `bad_archive` */
export function parseManifest(text: string): Manifest {
  const value = jsonOf(text);
  if (!isObject(value) || value['format'] !== FORMAT) throw refused('it is not an archive of tenement');
  const { version, tenement, createdAt, tenant, instances, files, bytes, hasSecrets } = value;
  if (version !== VERSION) {
    throw refused(`its format has version ${JSON.stringify(version)}, and this tenement reads version ${VERSION}`, {
      hint: `It was made by tenement ${typeof tenement === 'string' ? tenement : 'of another version'}; import it with that version or a later one.`,
    });
  }
  if (!isObject(tenant) || typeof tenant['id'] !== 'string' || !isLabel(tenant['id']))
    throw refused('its manifest names no tenant');
  const { plan = null, expiresAt = null, labels = {}, env = {}, domains = [] } = tenant as Partial<Manifest['tenant']>;
  const { domainServices = {}, pendingDomains = [] } = tenant as Partial<Manifest['tenant']>;
  const areDomains = isTexts(domains) && isTexts(pendingDomains) && isObject(domainServices);
  if (
    !isTime(expiresAt) ||
    !areDomains ||
    !isTexts(Object.values(domainServices)) ||
    !isCount(files) ||
    !isCount(bytes)
  )
    throw refused('its manifest is damaged');
  valid(() => assertCreateTenantOptions({ ...(plan !== null && { plan }), labels, env }));
  return {
    format: FORMAT,
    version,
    tenement: String(tenement),
    createdAt: String(createdAt),
    tenant: { id: tenant['id'], plan, expiresAt, labels, env, domains, domainServices, pendingDomains },
    instances: instancesOf(instances),
    files,
    bytes,
    hasSecrets: hasSecrets === true,
  };
}

function instancesOf(value: unknown): ArchivedInstance[] {
  if (!Array.isArray(value)) throw refused('its manifest names no instances');
  return value.map((instance: unknown) => {
    if (!isObject(instance) || typeof instance['service'] !== 'string') throw refused('its manifest is damaged');
    const { service, env = {}, limits = {} } = instance as Partial<ArchivedInstance> & { readonly service: string };
    valid(() => assertSpawnOptions({ env, limits }));
    return { service, env, limits };
  });
}

/** Says what the API would say of the same values. */
function valid(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw refused(`its manifest is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused('its manifest is damaged');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isTime(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function refused(why: string, options: { hint?: string } = {}): TenementError {
  return new TenementError('bad_archive', `the archive is refused: ${why}`, options);
}
