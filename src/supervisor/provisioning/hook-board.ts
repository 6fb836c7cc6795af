/**
 * What the hooks of each tenant have to do, and what may not run before: the tenant, one of its instances, or nothing. It
 * follows the config and the registry, and runs nothing.
 */
import type { Refusal } from '../../core/admission/serving.ts';
import { backoffDelayMs } from '../../core/lifecycle/backoff.ts';
import { type InstanceName, instanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { HookKey } from '../../core/provisioning/hook.ts';
import { HOOK_BACKOFF, type HookFailure, type HookRecord, inOrder } from '../../core/provisioning/hook-record.ts';
import {
  failedSentence,
  type ProvisioningView,
  provisioningView,
  templateFailureView,
} from '../../core/provisioning/provisioning-view.ts';
import type { KnownHook } from '../../core/stores/hook-store.ts';
import type { Deletion } from '../../core/tenants/tenant-operation.ts';
import { REFUSALS } from '../../core/tenants/tenant-state.ts';
import { TenementError } from '../../errors.ts';
import { configuredHooks, missingHooks } from './configured-hooks.ts';
import { newWork, type TenantWork, workFace } from './hook-works.ts';
import type { ProvisioningDeps } from './provisioning-deps.ts';

const MAX_RETRY_AFTER_S = 60;

export type HookBoardDeps = Pick<
  ProvisioningDeps,
  'hooks' | 'tenants' | 'gates' | 'closedInstances' | 'clock' | 'config' | 'onOpened' | 'onAwaited' | 'onHooksFailed'
>;

export class HookBoard {
  readonly works = new Map<string, TenantWork>();
  /** Tenants whose template cannot be copied. */
  private readonly templates = new Map<string, HookFailure>();
  private readonly deps: HookBoardDeps;
  /** The hooks of the config. */
  private known: readonly KnownHook[] = [];

  constructor(deps: HookBoardDeps) {
    this.deps = deps;
  }

  // ---- The config and the registry -----------------------------------------------------------

  /** Takes up the purges that an earlier server left. @throws {TenementError} `state_failed` */
  takeUpPurges(): void {
    for (const { tenantId, operation } of this.deps.tenants.unfinished())
      if (operation.kind === 'delete' && operation.step === 'hooks') this.purging(tenantId, operation);
  }

  /** Follows the config: hooks that are new are given to tenants that exist. @throws {TenementError} `state_failed` */
  follow(): void {
    const hooks = configuredHooks(this.deps.config());
    const isSame = JSON.stringify(hooks) === JSON.stringify(this.known);
    if (!isSame && hooks.length > 0) this.deps.hooks.enroll(hooks, this.deps.clock.nowMs());
    this.known = hooks;
    const unfinished = Map.groupBy(this.deps.hooks.unfinished(), ({ tenantId }) => tenantId);
    for (const tenantId of [...this.works.keys()]) if (!unfinished.has(tenantId)) this.note(tenantId, []);
    for (const [tenantId, hooks] of unfinished)
      this.note(
        tenantId,
        Array.from(hooks, ({ record }) => record),
      );
  }

  configured({ service, hook }: HookKey): KnownHook | null {
    return this.known.find((one) => one.service === service && one.hook === hook) ?? null;
  }

  /** The hooks that measure. */
  get measuring(): KnownHook[] {
    return this.known.filter(({ config }) => config.commands.measure !== null);
  }

  get hasHooks(): boolean {
    return this.known.length > 0;
  }

  // ---- One tenant ----------------------------------------------------------------------------

  /** Reads again what is to be created for a tenant. @throws {TenementError} `state_failed` */
  renew(tenantId: string): void {
    const services = this.deps.tenants.servicesOf(tenantId);
    this.note(
      tenantId,
      this.deps.hooks.list(tenantId).filter(({ service }) => services.includes(service)),
    );
  }

  /** Replaces one record of a tenant, which has failed. */
  failed(tenantId: string, record: HookRecord): void {
    const work = this.works.get(tenantId);
    if (work === undefined) return;
    work.records = work.records.map((one) => (isSame(one, record) ? record : one));
    work.dueAtMs = record.failure?.nextTryAtMs ?? this.deps.clock.nowMs();
    if (work.action !== 'create') return;
    this.applyHolds(tenantId, work.records, work.records);
    for (const name of instancesOf(tenantId, work.records)) this.deps.onHooksFailed(name);
  }

  /** Begins to destroy what the hooks of a purge have made. @throws {TenementError} `state_failed` */
  purging(tenantId: string, deletion: Deletion): TenantWork {
    const all = this.deps.hooks.list(tenantId);
    const records = deletion.withDirectory ? all : all.filter(({ service }) => deletion.services.includes(service));
    const work = newWork('destroy', records.toReversed(), this.deps.clock.nowMs(), deletion);
    const before = this.works.get(tenantId);
    this.works.set(tenantId, work);
    if (deletion.withRecord) this.deps.gates.close(tenantId, 'stopped', REFUSALS.stopped);
    if (before?.action === 'create') this.applyHolds(tenantId, before.records, []);
    return work;
  }

  /** Ends the hooks of a purge. A new tenant of the id is open; other services of the tenant get what they wait for. */
  purged(tenantId: string): void {
    this.works.delete(tenantId);
    const record = this.deps.tenants.get(tenantId);
    if (record?.desired !== 'stopped') this.deps.gates.open(tenantId, 'stopped');
    if (record !== null) this.renew(tenantId);
  }

  private note(tenantId: string, all: readonly HookRecord[]): void {
    const was = this.works.get(tenantId);
    if (was?.action === 'destroy') return;
    const records = inOrder(all.filter((record) => this.isToBeCreated(record)));
    const before = was?.records ?? [];
    if (records.length === 0) this.works.delete(tenantId);
    else if (was === undefined) this.works.set(tenantId, newWork('create', records, this.deps.clock.nowMs()));
    else was.records = records;
    this.applyHolds(tenantId, before, records);
  }

  private isToBeCreated(record: HookRecord): boolean {
    const command = this.configured(record)?.config.commands.create ?? null;
    return record.state !== 'done' && command !== null;
  }

  // ---- What may run --------------------------------------------------------------------------

  /** Closes and opens the tenant and its instances. */
  private applyHolds(tenantId: string, was: readonly HookRecord[], is: readonly HookRecord[]): void {
    const { gates, closedInstances } = this.deps;
    const refusal = this.refusal(tenantId);
    if (holdsTenant(is)) gates.close(tenantId, 'provisioning', refusal);
    else if (holdsTenant(was) && !this.isRegistering(tenantId)) gates.open(tenantId, 'provisioning');
    const held = heldInstances(tenantId, is);
    for (const name of held) closedInstances.close(name, refusal);
    for (const name of heldInstances(tenantId, was))
      if (!held.includes(name) && closedInstances.open(name)) this.deps.onOpened(name);
    const [before, waiting] = [instancesOf(tenantId, was), instancesOf(tenantId, is)];
    for (const name of waiting) if (!before.includes(name)) this.deps.onAwaited(name, true);
    for (const name of before) if (!waiting.includes(name)) this.deps.onAwaited(name, false);
  }

  private refusal(tenantId: string): Refusal {
    const delayMs = (this.works.get(tenantId)?.dueAtMs ?? 0) - this.deps.clock.nowMs();
    return {
      refused: 'provisioning',
      retryAfterS: Math.min(Math.max(1, Math.ceil(delayMs / 1000)), MAX_RETRY_AFTER_S),
    };
  }

  /** Whether its directory is still being made. */
  isRegistering(tenantId: string): boolean {
    return this.deps.tenants.operationOf(tenantId)?.kind === 'register';
  }

  /** Whether the whole tenant waits for its hooks. */
  isHeld(tenantId: string): boolean {
    const work = this.works.get(tenantId);
    return work?.action === 'create' && holdsTenant(work.records);
  }

  /** Whether hooks of its service are still to run, so that a new process would lack their secrets. */
  isWaiting(instance: InstanceName): boolean {
    if (this.works.size === 0) return false;
    const { service, tenantId } = parseInstanceName(instance);
    const work = this.works.get(tenantId);
    return work?.action === 'create' && work.records.some((record) => record.service === service);
  }

  /** Returns the answer to requests that wait for hooks which have failed; null: the hooks run now, or soon. */
  failedRefusal(tenantId: string): Refusal | null {
    const work = this.works.get(tenantId);
    if (work?.action !== 'create' || work.running !== null) return null;
    return work.records.some(({ failure }) => failure?.action === 'create') ? this.refusal(tenantId) : null;
  }

  /** Notes that a tenant's directory cannot be made. Returns the delay until the next try, in ms. */
  templateFailed(tenantId: string, sinceMs: number, reason: string, random: number): number {
    const atMs = this.deps.clock.nowMs();
    const count = (this.templates.get(tenantId)?.count ?? 0) + 1;
    const delayMs = backoffDelayMs(count, HOOK_BACKOFF, random);
    const nextTryAtMs = atMs + delayMs;
    this.templates.set(tenantId, { action: 'create', sinceMs, atMs, count, nextTryAtMs, reason, lines: [] });
    return delayMs;
  }

  templateDone(tenantId: string): void {
    this.templates.delete(tenantId);
  }

  /** Returns what is incomplete; null: nothing. */
  viewOf(tenantId: string): ProvisioningView | null {
    const work = this.works.get(tenantId);
    const template = this.templates.get(tenantId);
    if (template !== undefined && work?.action !== 'destroy') return templateFailureView(template, work?.records ?? []);
    return work === undefined ? null : provisioningView(workFace(work));
  }

  // ---- Registration --------------------------------------------------------------------------

  /** @throws {TenementError} `deprovisioning_failed` while a purge of it is not complete */
  assertNotPurging(tenantId: string): void {
    if (this.works.get(tenantId)?.action !== 'destroy') return;
    throw new TenementError('deprovisioning_failed', `the purge of ${tenantId} is not complete`, {
      hint: `\`tenement tenant show ${tenantId}\` says why; \`tenement tenant provision ${tenantId}\` tries again at once.`,
    });
  }

  /** @throws {TenementError} `provisioning_failed` when a hook that its instances wait for has failed */
  assertNotFailed(tenantId: string): void {
    const work = this.works.get(tenantId);
    const view = this.viewOf(tenantId);
    if (work?.action !== 'create' || view?.failed == null) return;
    const { failed } = view;
    throw new TenementError('provisioning_failed', `${tenantId} is not set up: ${failedSentence(failed, 'create')}`, {
      hint: `It is tried again at ${failed.nextTryAt}; \`tenement tenant provision ${tenantId}\` tries at once.`,
      details: failed.lastLines,
    });
  }

  /** Returns the hooks that a tenant gets with new instances of these services. @throws {TenementError} `state_failed` */
  newHooks(tenantId: string, services: readonly string[], isNew: boolean): HookRecord[] {
    const wanted = this.known.filter(({ service }) => services.includes(service));
    if (wanted.length === 0) return [];
    return missingHooks(wanted, this.deps.hooks.list(tenantId), isNew ? 'tenant' : 'instance', this.deps.clock.nowMs());
  }
}

function isSame(one: HookKey, other: HookKey): boolean {
  return one.service === other.service && one.hook === other.hook;
}

function holdsTenant(records: readonly HookRecord[]): boolean {
  return records.some(({ holds }) => holds === 'tenant');
}

/** Names the instances that wait for these hooks. */
function instancesOf(tenantId: string, records: readonly HookRecord[]): InstanceName[] {
  return [...new Set(records.map(({ service }) => instanceName(service, tenantId)))];
}

function heldInstances(tenantId: string, records: readonly HookRecord[]): InstanceName[] {
  return records.flatMap(({ service, holds }) => (holds === 'instance' ? [instanceName(service, tenantId)] : []));
}
