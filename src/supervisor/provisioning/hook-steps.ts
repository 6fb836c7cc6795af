/** Writes down each step of a tenant's hooks, and tells it. */
import { SYSTEM } from '../../core/access/actor.ts';
import { backoffDelayMs } from '../../core/lifecycle/backoff.ts';
import type { EventData } from '../../core/lifecycle/event-data.ts';
import type { EventType } from '../../core/lifecycle/event-types.ts';
import { type HookAction, type HookKey, hookName, hookSource } from '../../core/provisioning/hook.ts';
import { readSecrets } from '../../core/provisioning/hook-output.ts';
import { HOOK_BACKOFF, type HookFailure, type HookRecord } from '../../core/provisioning/hook-record.ts';
import { changedSecrets } from '../../core/secrets/changed-secrets.ts';
import { TenementError } from '../../errors.ts';
import type { HookOutcome } from './hook-execution.ts';
import type { ProvisioningDeps } from './provisioning-deps.ts';

export type StepDeps = Pick<
  ProvisioningDeps,
  'tenants' | 'registry' | 'events' | 'clock' | 'logger' | 'random' | 'secrets' | 'openVault'
>;

/** A run that failed, or whose result could not be used. */
export interface Failed {
  readonly reason: string;
  readonly lines: readonly string[];
}

/** Names of the events of an action. */
const EVENTS = {
  create: { done: 'provisioned', failed: 'provision-failed' },
  destroy: { done: 'deprovisioned', failed: 'deprovision-failed' },
} as const satisfies Record<'create' | 'destroy', { done: EventType; failed: EventType }>;
type HookEventType = (typeof EVENTS)['create' | 'destroy']['done' | 'failed'];

/** Notes that `create` is about to run, so that a purge destroys what it makes. @throws {TenementError} `state_failed` */
export async function noteBegun(tenantId: string, record: HookRecord, { tenants, registry }: StepDeps) {
  if (record.state !== 'pending') return record;
  const begun: HookRecord = { ...record, state: 'begun' };
  await registry.whenWritable(() => tenants.commit({ tenantId, putHooks: [begun] }));
  return begun;
}

/**
 * Keeps what a hook has printed as secrets, in the transaction that notes its success.
 * @param required a name that must be among them
 * @returns the names; or why that failed
 */
export async function keepSecrets(
  tenantId: string,
  record: HookRecord,
  output: Uint8Array,
  deps: StepDeps,
  required: string | null = null,
): Promise<readonly string[] | Failed> {
  const read = readSecrets(output);
  if (!read.ok) return { reason: read.problem, lines: [] };
  if (required !== null && !read.values.has(required)) return { reason: `it printed no ${required}`, lines: [] };
  const done: HookRecord = { ...record, state: 'done', holds: 'nothing', failure: null };
  const { registry, tenants, secrets, openVault, clock } = deps;
  const { values } = read;
  try {
    const vault = values.size === 0 ? null : await openVault();
    await registry.whenWritable(() => {
      const asked = { tenantId, values, source: hookSource(record), nowMs: clock.nowMs() };
      const putSecrets = vault === null ? [] : changedSecrets(asked, secrets.list(tenantId), vault);
      tenants.commit({ tenantId, putSecrets, putHooks: [done] });
    });
    return [...values.keys()];
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), lines: [] };
  }
}

/** Forgets a hook that has destroyed what it made, with its secrets. @throws {TenementError} `state_failed` */
export async function noteDestroyed(tenantId: string, key: HookKey, deps: StepDeps): Promise<void> {
  const own = deps.secrets.list(tenantId).filter(({ source }) => source === hookSource(key));
  const removeSecrets = own.map(({ name }) => name);
  await deps.registry.whenWritable(() => deps.tenants.commit({ tenantId, removeHooks: [key], removeSecrets }));
}

export function tellDone(
  tenantId: string,
  key: HookKey,
  action: 'create' | 'destroy',
  { tookMs, secrets }: { readonly tookMs: number; readonly secrets?: readonly string[] },
  deps: StepDeps,
): void {
  const hook = hookName(key);
  deps.logger.info({ tenant: tenantId, hook, action, tookMs, secrets }, 'a hook has succeeded');
  const given = secrets === undefined || secrets.length === 0 ? '' : `, and gave ${secrets.join(', ')}`;
  const data = { hook, tookMs, ...(secrets !== undefined && { secrets }) };
  tell(EVENTS[action].done, tenantId, `${action} of the hook ${hook} has succeeded${given}`, data, deps);
}

/** Notes a failure, and when the hook runs again. Returns the hook with it. The first of several alike is told. */
export async function noteFailure(
  tenantId: string,
  record: HookRecord,
  action: 'create' | 'destroy',
  { reason, lines }: Failed,
  deps: StepDeps,
): Promise<HookRecord> {
  const { clock, random, logger, registry, tenants } = deps;
  const nowMs = clock.nowMs();
  const before = record.failure?.action === action ? record.failure : null;
  const count = (before?.count ?? 0) + 1;
  const nextTryAtMs = nowMs + backoffDelayMs(count, HOOK_BACKOFF, random());
  const sinceMs = before?.sinceMs ?? nowMs;
  const failure: HookFailure = { action, sinceMs, atMs: nowMs, count, nextTryAtMs, reason, lines };
  const failed = { ...record, failure };
  const hook = hookName(record);
  const nextTryAt = new Date(nextTryAtMs).toISOString();
  logger.warn({ tenant: tenantId, hook, action, reason, lastLine: lines.at(-1), nextTryAt }, 'a hook failed');
  try {
    await registry.whenWritable(() => tenants.commit({ tenantId, putHooks: [failed] }, { durable: false }));
  } catch (error) {
    logger.warn({ tenant: tenantId, hook, err: error }, 'the failure of a hook is not written');
  }
  if (before?.reason === reason) return failed;
  tell(EVENTS[action].failed, tenantId, `${action} of the hook ${hook} failed: ${reason}`, { hook, reason }, deps);
  return failed;
}

function tell<Type extends HookEventType>(
  type: Type,
  tenant: string,
  message: string,
  data: EventData[Type],
  deps: StepDeps,
): void {
  const about = { atMs: deps.clock.nowMs(), instance: null, tenant, by: SYSTEM };
  deps.events.append({ ...about, type, message, data });
}

export function isFailed(result: readonly string[] | Failed): result is Failed {
  return 'reason' in result;
}

/** @throws {TenementError} `provisioning_failed` */
export function assertSucceeded(outcome: HookOutcome, key: HookKey, action: HookAction): Uint8Array {
  if (outcome.ok) return outcome.output;
  if (outcome.ok === null) throw new TenementError('shutting_down', 'the server is stopping');
  throw failedAction(key, action, outcome);
}

export function failedAction(key: HookKey, action: HookAction, { reason, lines }: Failed): TenementError {
  const last = lines.at(-1);
  const why = last === undefined ? reason : `${reason}: ${last}`;
  return new TenementError('provisioning_failed', `${action} of the hook ${hookName(key)} failed: ${why}`, {
    hint: 'Run its command by hand to see more; docs/provisioning.md describes what it is given.',
    details: lines,
  });
}
