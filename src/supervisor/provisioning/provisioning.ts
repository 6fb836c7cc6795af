/**
 * Runs the hooks of tenants: one after the other for each tenant, under its lock. What has failed is repeated, with back-off,
 * also by the next server.
 */
import { HookCounts } from '../../core/provisioning/hook-counts.ts';
import type { SecretSource } from '../../core/secrets/sealed-secret.ts';
import { bothDeletions, type Deletion } from '../../core/tenants/tenant-operation.ts';
import { TenementError } from '../../errors.ts';
import { detached, fault } from '../../faults.ts';
import { HookBoard } from './hook-board.ts';
import { HookExecution } from './hook-execution.ts';
import { createMissing, destroyMade, type PassDeps } from './hook-passes.ts';
import { HookSlots } from './hook-slots.ts';
import { Measurements } from './measurements.ts';
import type { ProvisioningDeps } from './provisioning-deps.ts';
import { rotateSecrets } from './rotation.ts';

/** Hooks that run at once, apart from `measure`, and tenants that are tried at once by themselves. */
const MAX_RUNNING = 4;
/** Longest delay of the timer, so that a clock that is set back delays nothing for long. */
const LOOK_MS = 60_000;

export class Provisioning {
  readonly board: HookBoard;
  readonly counts = new HookCounts();
  private readonly deps: ProvisioningDeps;
  private readonly passDeps: PassDeps;
  private readonly measurements: Measurements;
  /** Tenant → the try that is under way, or waits for the tenant's lock. */
  private readonly tries = new Map<string, Promise<void>>();
  /** Tenants that are being removed. */
  private readonly purging = new Set<string>();
  /** Ends the runs that are under way. */
  private readonly running = new Set<AbortController>();
  private strays: Promise<void> | null = null;
  private cancel: (() => void) | null = null;
  private hasEnded = false;

  constructor(deps: ProvisioningDeps) {
    this.deps = deps;
    this.board = new HookBoard(deps);
    const execution = new HookExecution({
      ...deps,
      counts: this.counts,
      configured: (key) => this.board.configured(key),
      strayless: () => this.strayless(),
    });
    this.passDeps = { ...deps, board: this.board, execution, slots: new HookSlots(MAX_RUNNING) };
    this.measurements = new Measurements({
      ...deps,
      execution,
      measuring: () => this.board.measuring,
      isWaiting: (name) => this.board.isWaiting(name),
    });
  }

  /** Closes the tenants that are not set up, and takes up what an earlier server left. @throws {TenementError} `state_failed` */
  begin(): void {
    this.board.takeUpPurges();
    this.board.follow();
    this.pump();
    this.measurements.follow();
  }

  /** Follows a changed config, as soon as the registry can be written. */
  follow(): void {
    const attempt = () => {
      this.board.follow();
      this.pump();
      this.measurements.follow();
    };
    detached(this.deps.logger, {}, this.deps.registry.whenWritable(attempt));
  }

  /** Ends the runs that are under way; the next server repeats them. */
  end(): void {
    this.hasEnded = true;
    this.cancel?.();
    this.measurements.end();
    for (const controller of this.running) controller.abort();
  }

  /** Settles when nothing of the runs that were ended is left. */
  settled(): Promise<void> {
    return this.measurements.settled();
  }

  /** Takes up what a tenant has got or lost with its instances, in the same step. @throws {TenementError} `state_failed` */
  registered(tenantId: string): void {
    if (!this.board.hasHooks) return;
    this.board.renew(tenantId);
    this.deps.clock.after(0, () => this.pump());
  }

  /**
   * Tries at once what is incomplete, after earlier operations on the tenant, or joins a try that is under way.
   * `board.viewOf` tells the outcome.
   */
  run(tenantId: string): Promise<void> {
    const underWay = this.tries.get(tenantId);
    if (underWay !== undefined) return underWay;
    if (this.hasEnded || !this.board.works.has(tenantId)) return Promise.resolve();
    const tried = this.deps.locks
      .withTenant(tenantId, () => this.pass(tenantId), { waits: true })
      .finally(() => {
        this.tries.delete(tenantId);
        this.pump();
      });
    this.tries.set(tenantId, tried);
    return tried;
  }

  /** Tries in the background what an instance waits for, unless it has failed and is due later. */
  runSoon(tenantId: string): void {
    if (this.board.failedRefusal(tenantId) !== null) return;
    detached(this.deps.logger, { tenant: tenantId }, this.run(tenantId));
  }

  /** Hooks wait for the tenant's directory, which is there now. */
  directoryMade(tenantId: string): void {
    this.board.templateDone(tenantId);
    const work = this.board.works.get(tenantId);
    if (work?.action !== 'create') return;
    work.dueAtMs = Math.min(work.dueAtMs, this.deps.clock.nowMs());
    this.deps.clock.after(0, () => this.pump());
  }

  /** Ends what is being created or measured for a tenant, because it is to be removed. */
  async abort(tenantId: string): Promise<void> {
    const work = this.board.works.get(tenantId);
    if (work?.action === 'create') work.controller?.abort();
    await this.measurements.abort(tenantId);
  }

  /**
   * Destroys what hooks have made, under the tenant's lock.
   * @throws {TenementError} `deprovisioning_failed`: it is tried again later
   */
  async destroy(tenantId: string, deletion: Deletion): Promise<void> {
    this.purging.add(tenantId);
    try {
      await this.controlled((controller) => destroyMade(tenantId, deletion, controller, this.passDeps));
    } finally {
      this.purging.delete(tenantId);
      this.pump();
    }
  }

  /**
   * Returns a deletion with what an earlier one of the tenant has not deleted, beginning with hooks if there are any.
   * @throws {TenementError} `state_failed`
   */
  withHooks(tenantId: string, asked: Omit<Deletion, 'step'>): Deletion {
    const earlier = this.board.works.get(tenantId)?.deletion ?? null;
    const deletion = earlier === null ? asked : bothDeletions(asked, earlier);
    const { services, withDirectory } = deletion;
    const all = this.deps.hooks.list(tenantId);
    const hasMade = all.some(({ service }) => withDirectory || services.includes(service));
    return { ...deletion, step: hasMade ? 'hooks' : 'files' };
  }

  /**
   * Replaces secrets that a hook gave by running its `rotate`, under the tenant's lock. Its caller restarts the instances.
   * @returns the names of the secrets that it has printed
   * @throws {TenementError} `provisioning_failed`
   */
  async rotate(tenantId: string, source: SecretSource, name: string): Promise<readonly string[]> {
    try {
      return await this.controlled(({ signal }) => rotateSecrets(tenantId, source, name, signal, this.passDeps));
    } finally {
      this.pump();
    }
  }

  private async pass(tenantId: string): Promise<void> {
    const work = this.board.works.get(tenantId);
    if (work === undefined || this.hasEnded) return;
    if (work.deletion !== null)
      return this.deps.continuePurge(tenantId, work.deletion).catch((error) => this.told(error));
    if (this.board.isRegistering(tenantId)) {
      work.dueAtMs = this.deps.clock.nowMs() + LOOK_MS;
      return;
    }
    // A rotation may have ended since, which gives what was to be created.
    this.board.renew(tenantId);
    const hasNews = await this.controlled((controller) => {
      work.controller = controller;
      return createMissing(tenantId, controller.signal, this.passDeps);
    });
    work.controller = null;
    if (hasNews) await this.deps.onSecretsChanged(tenantId);
  }

  /** A purge that failed is told already. */
  private told(error: unknown): void {
    if (!(error instanceof TenementError)) fault(this.deps.logger, error);
  }

  private async controlled<Value>(work: (controller: AbortController) => Promise<Value>): Promise<Value> {
    const controller = new AbortController();
    if (this.hasEnded) controller.abort();
    this.running.add(controller);
    try {
      return await work(controller);
    } finally {
      this.running.delete(controller);
    }
  }

  private strayless(): Promise<void> {
    this.strays ??= this.deps.openHookRunner().then((runner) => runner.endStrays());
    return this.strays;
  }

  /** Starts what is due, a few tenants at a time, and looks again when the next is. */
  private pump(): void {
    this.cancel?.();
    this.cancel = null;
    if (this.hasEnded || this.board.works.size === 0) return;
    const nowMs = this.deps.clock.nowMs();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const [tenantId, { dueAtMs }] of this.board.works) {
      if (this.tries.size >= MAX_RUNNING) return;
      if (this.tries.has(tenantId) || this.purging.has(tenantId)) continue;
      if (dueAtMs <= nowMs) detached(this.deps.logger, { tenant: tenantId }, this.run(tenantId));
      else nextAtMs = Math.min(nextAtMs, dueAtMs);
    }
    if (nextAtMs === Number.POSITIVE_INFINITY) return;
    this.cancel = this.deps.clock.after(Math.min(nextAtMs - nowMs, LOOK_MS), () => this.pump());
  }
}
