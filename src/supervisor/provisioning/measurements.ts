/**
 * Runs `measure` of hooks: once an hour for each tenant that is awake, a few at a time. It takes no tenant's lock and delays
 * nothing. A failure is told once, and the next try is in an hour.
 */
import { SYSTEM } from '../../core/access/actor.ts';
import { type InstanceName, instanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import { type HookKey, hookName } from '../../core/provisioning/hook.ts';
import { readMeters } from '../../core/provisioning/hook-output.ts';
import type { KnownHook } from '../../core/stores/hook-store.ts';
import { HOUR_MS } from '../../core/usage/hours.ts';
import { fault } from '../../faults.ts';
import type { HookExecution } from './hook-execution.ts';
import { HookSlots } from './hook-slots.ts';
import type { Failed } from './hook-steps.ts';
import type { ProvisioningDeps } from './provisioning-deps.ts';

const MAX_RUNNING = 2;
const TICK_MS = 10_000;

export interface MeasurementsDeps
  extends Pick<ProvisioningDeps, 'hooks' | 'tenants' | 'registry' | 'events' | 'clock' | 'logger' | 'awake'> {
  readonly execution: HookExecution;
  /** Whether hooks of an instance have not succeeded yet. */
  isWaiting(instance: InstanceName): boolean;
  /** Returns the hooks of the config that measure. */
  measuring(): readonly KnownHook[];
}

interface Run {
  readonly tenantId: string;
  readonly controller: AbortController;
  readonly over: Promise<void>;
}

export class Measurements {
  private readonly deps: MeasurementsDeps;
  private readonly slots = new HookSlots(MAX_RUNNING);
  /** By tenant and hook. */
  private readonly runs = new Map<string, Run>();
  /** Tenant and hook → when it was measured, or tried, ms since the epoch. */
  private readonly triedAtMs = new Map<string, number>();
  private readonly failing = new Set<string>();
  private cancel: (() => void) | null = null;
  private hasEnded = false;

  constructor(deps: MeasurementsDeps) {
    this.deps = deps;
  }

  /** Begins, unless no hook of the config measures. */
  follow(): void {
    if (this.hasEnded || this.cancel !== null || this.deps.measuring().length === 0) return;
    this.cancel = this.deps.clock.after(TICK_MS, () => this.tick());
  }

  end(): void {
    this.hasEnded = true;
    this.cancel?.();
    for (const { controller } of this.runs.values()) controller.abort();
  }

  async settled(): Promise<void> {
    while (this.runs.size > 0) await Promise.all(Array.from(this.runs.values(), ({ over }) => over));
  }

  /** Ends what is measured of a tenant, and forgets when that was. */
  async abort(tenantId: string): Promise<void> {
    for (const keys of [this.triedAtMs, this.failing])
      for (const key of keys.keys()) if (key.startsWith(`${tenantId} `)) keys.delete(key);
    const own = [...this.runs.values()].filter((run) => run.tenantId === tenantId);
    for (const { controller } of own) controller.abort();
    await Promise.all(own.map(({ over }) => over));
  }

  private tick(): void {
    this.cancel = null;
    try {
      for (const [tenantId, hook] of this.due()) this.begin(tenantId, hook);
    } catch (error) {
      fault(this.deps.logger, error);
    }
    this.follow();
  }

  /** Lists what is due, each tenant with each hook once. */
  private *due(): Generator<readonly [tenantId: string, hook: KnownHook]> {
    const hooks = Map.groupBy(this.deps.measuring(), ({ service }) => service);
    for (const name of this.deps.awake()) {
      if (this.runs.size >= MAX_RUNNING) return;
      const { service, tenantId } = parseInstanceName(name);
      for (const hook of hooks.get(service) ?? []) if (this.isDue(tenantId, hook)) yield [tenantId, hook];
    }
  }

  private isDue(tenantId: string, hook: KnownHook): boolean {
    const key = `${tenantId} ${hookName(hook)}`;
    if (this.runs.has(key) || this.deps.isWaiting(instanceName(hook.service, tenantId))) return false;
    const nowMs = this.deps.clock.nowMs();
    const lastMs = this.triedAtMs.get(key) ?? this.deps.hooks.measuredAtMs(tenantId, hook) ?? Number.NEGATIVE_INFINITY;
    this.triedAtMs.set(key, lastMs);
    // A clock that was set back delays nothing for more than an hour.
    return nowMs - lastMs >= HOUR_MS || lastMs > nowMs;
  }

  private begin(tenantId: string, hook: KnownHook): void {
    const key = `${tenantId} ${hookName(hook)}`;
    const controller = new AbortController();
    this.triedAtMs.set(key, this.deps.clock.nowMs());
    const over = this.measure(tenantId, hook, controller.signal)
      .catch((error) => fault(this.deps.logger, error, { tenant: tenantId }))
      .finally(() => this.runs.delete(key));
    this.runs.set(key, { tenantId, controller, over });
  }

  private async measure(tenantId: string, hook: KnownHook, signal: AbortSignal): Promise<void> {
    const { execution, clock, hooks, registry, tenants } = this.deps;
    const { service, hook: name } = hook;
    const atMs = clock.nowMs();
    const outcome = await execution.run({ tenantId, key: hook, action: 'measure', slots: this.slots, signal });
    if (outcome.ok === null) return;
    if (!outcome.ok) return this.failed(tenantId, hook, outcome);
    const read = readMeters(outcome.output);
    if (!read.ok) return this.failed(tenantId, hook, { reason: read.problem, lines: [] });
    if (read.values.size === 0) return this.failed(tenantId, hook, { reason: 'it printed no meter', lines: [] });
    if (tenants.get(tenantId) === null) return;
    try {
      await registry.whenWritable(() => hooks.measured({ tenantId, service, hook: name, atMs, values: read.values }));
    } catch (error) {
      return this.failed(tenantId, hook, { reason: error instanceof Error ? error.message : String(error), lines: [] });
    }
    this.failing.delete(`${tenantId} ${hookName(hook)}`);
  }

  private failed(tenantId: string, key: HookKey, { reason, lines }: Failed): void {
    const { logger, events, clock } = this.deps;
    const hook = hookName(key);
    const isTold = this.failing.has(`${tenantId} ${hook}`);
    this.failing.add(`${tenantId} ${hook}`);
    if (isTold) return;
    logger.warn({ tenant: tenantId, hook, action: 'measure', reason, lastLine: lines.at(-1) }, 'a hook failed');
    const message = `measure of the hook ${hook} failed: ${reason}`;
    const about = { atMs: clock.nowMs(), instance: null, tenant: tenantId, by: SYSTEM };
    events.append({ ...about, type: 'measure-failed', message, data: { hook, reason } });
  }
}
