/** Makes a tenant of an archive. */
import type { ArchiveHead } from '../../core/archive/copies.ts';
import { type Manifest, parseManifest } from '../../core/archive/manifest.ts';
import { ownLimits } from '../../core/limits/limits.ts';
import type { PlainSecret } from '../../core/secrets/vault.ts';
import { assertTenantId, newTenant, type TenantRecord } from '../../core/tenants/tenant.ts';
import type { ImportOptions } from '../../core/verbs/archive-verbs.ts';
import type { NewFromCopy } from '../../core/verbs/tenant-verbs.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { ArchivedDomains } from './archived-domains.ts';
import { openedSecrets, sealedFor } from './archived-secrets.ts';
import { tellCopy } from './events.ts';
import { afterRegistration } from './finished.ts';
import { assertFree, makeTenant, type NewTenant } from './new-tenant.ts';
import type { Alone, Running } from './running.ts';

export async function importTenant(
  tenantId: string,
  bytes: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  alone: Alone,
): Promise<NewFromCopy> {
  assertTenantId(tenantId);
  const { registered, notes, running } = await alone([tenantId], async (running) => {
    const { parts, archives, signal, progress } = running;
    assertFree(tenantId, parts);
    const { head, stream } = await archives.read(bytes);
    const manifest = parseManifest(head.manifest);
    progress.total = { files: manifest.files, bytes: manifest.bytes };
    const notes: string[] = [];
    const tenant = await tenantOf(tenantId, manifest, head, options, notes, running);
    const onProgress = (done: Running['progress']['done']) => void Object.assign(progress, { done });
    const domains = new ArchivedDomains(tenantId, manifest, parts);
    const registered = await makeTenant({ ...tenant, domains }, archives, parts, async ({ service, maxBytes }) => ({
      made: await archives.make({ tenantId, service }, stream, { maxBytes, isArchive: true, signal, onProgress }),
    }));
    notes.push(...(await domains.told(running.by)));
    const { id: from } = manifest.tenant;
    const data = { from, exportedAt: manifest.createdAt, ...(progress.done ?? {}) };
    tellCopy('tenant-imported', tenantId, `imported from an archive of ${from}`, data, running);
    return { registered, notes, running };
  });
  return afterRegistration(tenantId, registered, { ...options, notes }, running);
}

async function tenantOf(
  tenantId: string,
  manifest: Manifest,
  head: ArchiveHead,
  { services, passphrase }: ImportOptions,
  notes: string[],
  running: Running,
): Promise<NewTenant> {
  const secrets = await secretsIn(manifest, head, passphrase, running.archives, notes);
  return tenantFrom(tenantId, manifest, { services, secrets }, notes, running);
}

/** @param notes receives what the tenant lacks */
export async function tenantFrom(
  tenantId: string,
  manifest: Manifest,
  { services, secrets }: { services?: readonly string[] | undefined; secrets: readonly PlainSecret[] },
  notes: string[],
  { parts, by }: Running,
): Promise<NewTenant> {
  const own = new Map(
    manifest.instances.map(({ service, env, limits }) => [service, { env, limits: ownLimits(limits) }]),
  );
  return {
    record: recordOf(tenantId, manifest, notes, parts),
    services: servicesFor(services, own, parts),
    ownOf: (service) => own.get(service) ?? { env: {}, limits: {} },
    secrets: await sealedFor(tenantId, secrets, parts),
    by,
  };
}

function recordOf(
  tenantId: string,
  { tenant }: Manifest,
  notes: string[],
  { deps, config }: SupervisorParts,
): TenantRecord {
  const { plan, expiresAt, labels, env } = tenant;
  const isKnown = plan === null || config.plans.has(plan);
  if (!isKnown) notes.push(`there is no plan ${plan} here; it has the default plan`);
  return {
    ...newTenant(tenantId, deps.clock.nowMs()),
    plan: isKnown ? plan : null,
    expiresAtMs: expiresAt === null ? null : Date.parse(expiresAt),
    labels,
    env,
  };
}

/** @throws {TenementError} `unknown_service` */
function servicesFor(
  asked: readonly string[] | undefined,
  own: ReadonlyMap<string, unknown>,
  { config }: SupervisorParts,
): string[] {
  const services = [...new Set(asked?.length ? asked : own.keys())];
  const unknown = services.find((service) => !config.services.has(service));
  if (services.length > 0 && unknown === undefined) return services;
  const what = unknown === undefined ? 'the archive names no service' : `the config has no service ${unknown}`;
  throw new TenementError('unknown_service', what, {
    hint: `Name one with --service: ${[...config.services.keys()].join(', ')}.`,
  });
}

async function secretsIn(
  manifest: Manifest,
  { secrets }: ArchiveHead,
  passphrase: string | undefined,
  archives: Running['archives'],
  notes: string[],
): Promise<readonly PlainSecret[]> {
  if (secrets === null) return [];
  if (passphrase !== undefined) return openedSecrets(secrets, passphrase, manifest, archives);
  notes.push('its secrets were left out, because no passphrase was given');
  return [];
}
