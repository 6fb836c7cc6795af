/** Reads the directory of a registered tenant, while it serves or while it is still. The caller has its lock. */
import type { Archives, CopySource, LeftOut, StillCopy } from '../../core/archive/copies.ts';
import type { TenantRecord } from '../../core/tenants/tenant.ts';
import { TenementError } from '../../errors.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

export interface CapturingOptions {
  readonly still: boolean;
  readonly signal: AbortSignal;
}

/**
 * Runs `use` with what is to be read. A tenant that has to be still is so only until its directory is copied.
 * @param use gets what the copy lacks already
 */
export async function withSource<Value>(
  record: TenantRecord,
  { still, signal }: CapturingOptions,
  archives: Archives,
  parts: SupervisorParts,
  use: (source: CopySource, leftOut: readonly LeftOut[]) => Promise<Value>,
): Promise<Value> {
  const source = sourceOf(record, parts);
  if (!still && !locksAreItsOwn(source, parts)) return use(source, []);
  const copy = await parts.tenantHolds.during(record.id, signal, (either) => archives.still(source, either));
  return usingCopy(copy, archives, () => use({ ...source, copy }, copy.leftOut));
}

async function usingCopy<Value>(copy: StillCopy, archives: Archives, use: () => Promise<Value>): Promise<Value> {
  try {
    return await use();
  } finally {
    archives.discard(copy);
  }
}

/** gVisor keeps the locks of files to itself, so nobody outside can read a database that is written inside. */
function locksAreItsOwn({ tenantId, service }: CopySource, { tenantInstances }: SupervisorParts): boolean {
  const isRunning = () => tenantInstances.runners(tenantId).some(({ hasProcess }) => hasProcess);
  return service.isolation === 'sandbox' && isRunning();
}

/** The services of a tenant share its user. @throws {TenementError} `unknown_service` */
export function sourceOf({ id }: TenantRecord, { tenantInstances, tenants, config }: SupervisorParts): CopySource {
  const [runner] = tenantInstances.runners(id);
  if (runner !== undefined) return { tenantId: id, service: strictest(tenantInstances.runners(id)) };
  const known = tenants.servicesOf(id).join(', ') || 'none';
  throw new TenementError('unknown_service', `no service of ${id} is in the config: ${known}`, {
    hint: `Services in the config: ${[...config.services.keys()].join(', ')}.`,
  });
}

const WALLS = ['process', 'namespace', 'sandbox'] as const;

function strictest(runners: readonly { readonly service: CopySource['service'] }[]): CopySource['service'] {
  const [first, ...others] = runners.map(({ service }) => service);
  if (first === undefined) throw new Error('a tenant without instances');
  return others.reduce(
    (one, other) => (WALLS.indexOf(other.isolation) > WALLS.indexOf(one.isolation) ? other : one),
    first,
  );
}
