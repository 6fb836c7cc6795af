/** The public verbs about archives, as one actor's. */
import type { Actor } from '../../core/access/actor.ts';
import type { LongKind } from '../../core/tenants/long-operation.ts';
import type { ArchiveVerbs, CloneOptions, ExportOptions, ImportOptions } from '../../core/verbs/archive-verbs.ts';
import type { NewFromCopy } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { Runner } from '../instance/runner.ts';
import type { ServerLife } from '../server-life.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { cloneTenant } from './clone.ts';
import { exportTenant, exportTenantInto } from './export.ts';
import { importTenant } from './import.ts';
import type { Alone } from './running.ts';

export interface ArchiveVerbsDeps {
  readonly parts: SupervisorParts;
  readonly life: Pick<ServerLife, 'assertOpen' | 'ending'>;
  view(runner: Runner): InstanceView;
}

export function archiveVerbs(deps: ArchiveVerbsDeps, by: Actor): ArchiveVerbs<NewFromCopy> {
  const alone = aloneBy(deps, by);
  return {
    export: (tenantId, options: ExportOptions, deliver) =>
      exportTenant(tenantId, options, deliver, alone('export', options.signal)),
    exportInto: (tenantId, file, options) => exportTenantInto(tenantId, file, options, alone('export', options.signal)),
    import: (tenantId, bytes, options: ImportOptions) =>
      importTenant(tenantId, bytes, options, alone('import', options.signal)),
    clone: (tenantId, options: CloneOptions) => cloneTenant(tenantId, options, alone('clone', options.signal)),
  };
}

/** Returns a function that makes the surroundings of a verb of this kind, which ends with the signal. */
export function aloneBy({ parts, life, view }: ArchiveVerbsDeps, by: Actor) {
  return (kind: LongKind, signal: AbortSignal): Alone =>
    async (tenantIds, work) => {
      life.assertOpen();
      const progress = { kind, startedAtMs: parts.deps.clock.nowMs(), by: by.name, done: null, total: null };
      const either = AbortSignal.any([signal, life.ending]);
      return parts.tenantLocks.withTenants(tenantIds, progress, async () => {
        either.throwIfAborted();
        const archives = await parts.deps.openArchives();
        return told(tenantIds[0] ?? '', kind, parts, () =>
          work({ parts, by, archives, signal: either, progress, view }),
        );
      });
    };
}

/** Says in the log how it ended: whoever asked may have left. */
async function told<Value>(
  tenant: string,
  kind: LongKind,
  { deps: { logger, clock } }: SupervisorParts,
  work: () => Promise<Value>,
): Promise<Value> {
  const startedAtMs = clock.nowMs();
  const fields = () => ({ tenant, operation: kind, durationMs: clock.nowMs() - startedAtMs });
  try {
    const value = await work();
    logger.info(fields(), 'a copy of a tenant is complete');
    return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ ...fields(), reason }, 'a copy of a tenant was not completed; nothing of it is left');
    throw error;
  }
}
