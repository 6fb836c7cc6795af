/**
 * Runs `rotate` of a hook. From before its run until its values are kept, the hook counts as one whose `create` is still to
 * run: whatever ends the run or the server in between, `create` gives values that work before an instance starts.
 */
import { hookOfSource } from '../../core/provisioning/hook.ts';
import type { HookRecord } from '../../core/provisioning/hook-record.ts';
import type { SecretSource } from '../../core/secrets/sealed-secret.ts';
import { TenementError } from '../../errors.ts';
import type { PassDeps } from './hook-passes.ts';
import * as steps from './hook-steps.ts';

/**
 * Replaces the secret `name`, and whatever else the hook prints, in one transaction. Called under the tenant's lock.
 * @returns the names of the secrets that it has printed
 * @throws {TenementError} `provisioning_failed`. If the hook says itself that it failed, the secrets are as they were; if it
 *   could not say, or printed nothing of use, its `create` runs next
 */
export async function rotateSecrets(
  tenantId: string,
  source: SecretSource,
  name: string,
  signal: AbortSignal,
  deps: PassDeps,
): Promise<readonly string[]> {
  const key = hookOfSource(source);
  const record = deps.hooks.list(tenantId).find((one) => one.service === key?.service && one.hook === key.hook);
  if (record === undefined) throw new TenementError('provisioning_failed', `no hook of ${tenantId} gives ${name}`);
  await noteState(tenantId, { ...record, state: 'begun', holds: 'nothing' }, deps);
  try {
    return await rotated(tenantId, record, name, signal, deps);
  } finally {
    deps.board.renew(tenantId);
  }
}

async function rotated(tenantId: string, record: HookRecord, name: string, signal: AbortSignal, deps: PassDeps) {
  const { execution, slots } = deps;
  const asked = { tenantId, key: record, action: 'rotate', rotates: name, slots, signal } as const;
  const outcome = await execution.run(asked);
  if (outcome.ok === false && !outcome.isCut) await noteState(tenantId, record, deps);
  const output = steps.assertSucceeded(outcome, record, 'rotate');
  const kept = await steps.keepSecrets(tenantId, record, output, deps, name);
  if (steps.isFailed(kept)) throw steps.failedAction(record, 'rotate', kept);
  return kept;
}

/** @throws {TenementError} `state_failed` */
async function noteState(tenantId: string, record: HookRecord, { tenants, registry, board }: PassDeps): Promise<void> {
  await registry.whenWritable(() => tenants.commit({ tenantId, putHooks: [record] }));
  board.renew(tenantId);
}
