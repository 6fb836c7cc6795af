/** Runs the hooks of one tenant in order, each step written down before the next. Called under the tenant's lock. */
import type { HookRecord } from '../../core/provisioning/hook-record.ts';
import type { HookStore } from '../../core/stores/hook-store.ts';
import type { Deletion } from '../../core/tenants/tenant-operation.ts';
import { TenementError } from '../../errors.ts';
import type { HookBoard } from './hook-board.ts';
import type { HookExecution } from './hook-execution.ts';
import type { HookSlots } from './hook-slots.ts';
import * as steps from './hook-steps.ts';
import type { TenantWork } from './hook-works.ts';

export interface PassDeps extends steps.StepDeps {
  readonly hooks: Pick<HookStore, 'list'>;
  readonly board: HookBoard;
  readonly execution: HookExecution;
  readonly slots: HookSlots;
}

/**
 * Creates what is missing, up to the first failure, which is tried again later.
 * @returns whether instances that run already may lack what was made
 */
export async function createMissing(tenantId: string, signal: AbortSignal, deps: PassDeps): Promise<boolean> {
  let hasNews = false;
  for (let work = deps.board.works.get(tenantId); work?.action === 'create'; work = deps.board.works.get(tenantId)) {
    const [record] = work.records;
    const names = record === undefined ? null : await createOne(tenantId, work, record, signal, deps);
    if (names === null) break;
    hasNews ||= record?.holds === 'nothing';
    deps.board.renew(tenantId);
  }
  return hasNews;
}

/** Returns the names of its secrets; null: it has not succeeded. */
async function createOne(
  tenantId: string,
  work: TenantWork,
  record: HookRecord,
  signal: AbortSignal,
  deps: PassDeps,
): Promise<readonly string[] | null> {
  const begun = await steps
    .noteBegun(tenantId, record, deps)
    .catch((error) => ({ reason: messageOf(error), lines: [] }));
  if ('reason' in begun) return failed(tenantId, record, 'create', begun, deps);
  work.running = begun;
  const outcome = await deps.execution.run({ tenantId, key: begun, action: 'create', slots: deps.slots, signal });
  work.running = null;
  if (outcome.ok === null) return null;
  if (!outcome.ok) return failed(tenantId, begun, 'create', outcome, deps);
  const kept = await steps.keepSecrets(tenantId, begun, outcome.output, deps);
  if (steps.isFailed(kept)) return failed(tenantId, begun, 'create', kept, deps);
  steps.tellDone(tenantId, begun, 'create', { secrets: kept, tookMs: outcome.tookMs }, deps);
  return kept;
}

async function failed(
  tenantId: string,
  record: HookRecord,
  action: TenantWork['action'],
  why: steps.Failed,
  deps: PassDeps,
): Promise<null> {
  deps.board.failed(tenantId, await steps.noteFailure(tenantId, record, action, why, deps));
  return null;
}

/**
 * Destroys what the hooks of a purge have made, in reverse order.
 * @throws {TenementError} `deprovisioning_failed`, `shutting_down`: it is tried again later
 */
export async function destroyMade(
  tenantId: string,
  deletion: Deletion,
  controller: AbortController,
  deps: PassDeps,
): Promise<void> {
  const work = deps.board.purging(tenantId, deletion);
  work.controller = controller;
  for (const record of work.records) {
    const why = await destroyOne(tenantId, work, record, deps).catch((error) => asFailed(error));
    work.running = null;
    if (why !== null) {
      await failed(tenantId, record, 'destroy', why, deps);
      throw purgeFailed(tenantId, record, why);
    }
    work.records = work.records.slice(1);
  }
  deps.board.purged(tenantId);
}

/** Returns why it failed; null: it has succeeded, or has nothing to do. */
async function destroyOne(
  tenantId: string,
  work: TenantWork,
  record: HookRecord,
  deps: PassDeps,
): Promise<steps.Failed | null> {
  const { execution, slots } = deps;
  const isMade = record.state !== 'pending' && execution.commandOf(record, 'destroy') !== null;
  if (isMade) {
    work.running = record;
    const signal = work.controller?.signal ?? new AbortController().signal;
    const outcome = await execution.run({ tenantId, key: record, action: 'destroy', slots, signal });
    if (outcome.ok === null) throw new TenementError('shutting_down', 'the server is stopping');
    if (!outcome.ok) return outcome;
    await steps.noteDestroyed(tenantId, record, deps);
    steps.tellDone(tenantId, record, 'destroy', { tookMs: outcome.tookMs }, deps);
  } else await steps.noteDestroyed(tenantId, record, deps);
  return null;
}

/** @throws {TenementError} `shutting_down` */
function asFailed(error: unknown): steps.Failed {
  if (error instanceof TenementError && error.code === 'shutting_down') throw error;
  return { reason: messageOf(error), lines: [] };
}

function purgeFailed(tenantId: string, record: HookRecord, why: steps.Failed): TenementError {
  const { message, details } = steps.failedAction(record, 'destroy', why);
  return new TenementError('deprovisioning_failed', `${tenantId} is unregistered, but not purged: ${message}`, {
    hint: `It is tried again later; \`tenement tenant provision ${tenantId}\` tries at once.`,
    details,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
