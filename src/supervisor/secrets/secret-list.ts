/** What is known of a tenant's secrets without their values. */
import { neededSecrets } from '../../core/secrets/needed-secrets.ts';
import type { SecretVersion } from '../../core/secrets/sealed-secret.ts';
import { effectiveService } from '../../core/service/effective-service.ts';
import type { SecretList, SecretView } from '../../core/verbs/secret-verbs.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { foundTenant } from '../tenants/tenant-list.ts';

type ListDeps = Pick<SupervisorParts, 'tenants' | 'secrets' | 'config'>;

/** @throws {TenementError} `unknown_tenant` */
export function listSecrets(tenantId: string, parts: ListDeps): SecretList {
  foundTenant(tenantId, parts);
  const present = parts.secrets.versions(tenantId);
  const needed = neededBy(tenantId, parts);
  const missing = [...needed].filter(([name]) => !present.some((secret) => secret.name === name));
  return {
    secrets: present.map((secret) => viewOf(secret, needed)),
    missing: missing.map(([name, services]) => ({ name, neededBy: services })),
  };
}

export function secretViewOf(secret: SecretVersion, tenantId: string, parts: ListDeps): SecretView {
  return viewOf(secret, neededBy(tenantId, parts));
}

export function unknownSecret(tenantId: string, name: string): TenementError {
  return new TenementError('unknown_secret', `${tenantId} has no secret ${name}`, {
    hint: `\`tenement secret ls ${tenantId}\` lists its secrets.`,
  });
}

function viewOf({ name, version, source, changedAtMs }: SecretVersion, needed: Map<string, string[]>): SecretView {
  return { name, version, source, changedAt: new Date(changedAtMs).toISOString(), neededBy: needed.get(name) ?? [] };
}

/** Returns the names of secrets with the services of the tenant that do not start without them. */
function neededBy(tenantId: string, { tenants, config }: ListDeps): Map<string, string[]> {
  const needed = new Map<string, string[]>();
  for (const name of tenants.servicesOf(tenantId)) {
    const service = config.services.get(name);
    if (service === undefined) continue;
    const effective = effectiveService(service, tenants.termsOf(tenantId), { env: {}, limits: {} });
    for (const secret of neededSecrets(effective)) needed.set(secret, [...(needed.get(secret) ?? []), name]);
  }
  return needed;
}
