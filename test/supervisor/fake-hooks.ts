/** The hooks of tenants in memory, and a runner that a test answers for. */

import type { InstanceRecord } from '../../src/core/lifecycle/instance.ts';
import { type HookKey, hookName } from '../../src/core/provisioning/hook.ts';
import { type HookRecord, inOrder } from '../../src/core/provisioning/hook-record.ts';
import type { HookResult, HookRun, HookRunner } from '../../src/core/provisioning/hook-run.ts';
import type { HookMeasurement, HookStore, KnownHook } from '../../src/core/stores/hook-store.ts';
import type { TenantChange } from '../../src/core/stores/tenant-store.ts';

export class FakeHooks implements HookStore {
  readonly measurements: HookMeasurement[] = [];
  private readonly tenants = new Map<string, Map<string, HookRecord>>();
  private readonly knownHooks = new Map<string, KnownHook>();
  private readonly instances: Map<string, InstanceRecord>;

  constructor(instances: Map<string, InstanceRecord>) {
    this.instances = instances;
  }

  list(tenantId: string): HookRecord[] {
    return inOrder([...this.of(tenantId).values()]);
  }

  unfinished() {
    return [...this.tenants.keys()].flatMap((tenantId) =>
      this.list(tenantId)
        .filter(({ service, state }) => state !== 'done' && this.instances.has(`${service}:${tenantId}`))
        .map((record) => ({ tenantId, record })),
    );
  }

  known(key: HookKey): KnownHook | null {
    return this.knownHooks.get(hookName(key)) ?? null;
  }

  enroll(hooks: readonly KnownHook[], nowMs: number): void {
    for (const [position, hook] of hooks.entries()) {
      this.knownHooks.set(hookName(hook), hook);
      for (const { service, tenantId } of this.instances.values()) {
        if (service !== hook.service || this.of(tenantId).has(hookName(hook))) continue;
        const state = hook.config.commands.create === null ? 'done' : 'pending';
        const record: HookRecord = { ...keyOf(hook), state, holds: 'nothing', sinceMs: nowMs, position, failure: null };
        this.of(tenantId).set(hookName(hook), record);
      }
    }
  }

  measuredAtMs(tenantId: string, key: HookKey): number | null {
    return (
      this.measurements.findLast((one) => one.tenantId === tenantId && hookName(one) === hookName(key))?.atMs ?? null
    );
  }

  measured(measurement: HookMeasurement): void {
    this.measurements.push(measurement);
  }

  apply({ tenantId, record, putHooks = [], removeHooks = [] }: TenantChange): void {
    const own = this.of(tenantId);
    for (const key of removeHooks) own.delete(hookName(key));
    for (const hook of putHooks) own.set(hookName(hook), hook);
    if (record !== null) return;
    for (const [name, hook] of own)
      if (hook.state === 'pending') own.delete(name);
      else own.set(name, { ...hook, state: 'begun', holds: 'nothing', failure: null });
  }

  private of(tenantId: string): Map<string, HookRecord> {
    const own = this.tenants.get(tenantId) ?? new Map<string, HookRecord>();
    this.tenants.set(tenantId, own);
    return own;
  }
}

function keyOf({ service, hook }: HookKey): HookKey {
  return { service, hook };
}

/** What a hook answers: its standard output, or why it failed. */
type Answer = string | { readonly reason: string; readonly errors?: string; readonly isCut?: boolean };

/** Notes every run, and answers as the test says. */
export class FakeHookRunner implements HookRunner {
  /** Every run, in order. */
  readonly runs: HookRun[] = [];
  answer: (run: HookRun, signal: AbortSignal) => Answer | Promise<Answer> = () => '';

  async run(run: HookRun, signal: AbortSignal): Promise<HookResult> {
    this.runs.push(run);
    const answer = await this.answer(run, signal);
    if (typeof answer === 'string') return { ok: true, output: Buffer.from(answer), errors: '' };
    return {
      ok: false,
      reason: answer.reason,
      output: new Uint8Array(),
      errors: answer.errors ?? '',
      isCut: answer.isCut === true,
    };
  }

  async endStrays(): Promise<void> {}
}
