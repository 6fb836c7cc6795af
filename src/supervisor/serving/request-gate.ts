/** The entrance for requests to one instance: forwarded, held or refused by its state, and counted. */
import { type AdmissionDecision, admission, refusedLater } from '../../core/admission/admission.ts';
import type {
  Admission,
  Grant,
  Lease,
  LeaseTarget,
  Outcome,
  Refusal,
  Requester,
  SecondTry,
} from '../../core/admission/serving.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Lifecycle } from '../../core/lifecycle/lifecycle-events.ts';
import type { Clock, LaunchedProcess } from '../../core/ports.ts';
import type { Allowance, Meter } from '../../core/quota/allowance.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import type { Traffic } from '../../core/usage/traffic.ts';
import type { RecentClients } from '../admission/recent-clients.ts';
import { SecondTries } from '../admission/second-tries.ts';
import { type HeldRequest, WakeQueue } from '../admission/wake-queue.ts';
import { CountedGrant, type GrantChange } from './grant.ts';
import type { InstanceActivity } from './instance-activity.ts';
import { CountedLease } from './lease.ts';
import { TenantMeter } from './tenant-meter.ts';

export interface RequestGateOptions {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly clock: Clock;
  readonly inFlight: InstanceActivity;
  readonly recentClients: RecentClients;
  /** Where its requests count. */
  readonly traffic: Traffic;
  lifecycle(): Lifecycle;
  service(): ServiceConfig;
  settings(): Settings;
  /** Returns the answer to all requests while it, or its tenant, is closed; null: it is open. */
  refusal(): Refusal | null;
  /** Returns the answer while the hooks fail without which it does not start; null: requests wait for them. */
  hooksRefusal(): Refusal | null;
  /** Returns what its tenant may have forwarded; null when the plan bounds nothing. */
  allowance(): Allowance | null;
  /** A request needs it awake. */
  onNeeded(): void;
  /** A request was granted. */
  onUsed(): void;
  /** The last open request or stream has ended. */
  onQuiet(): void;
  /** The last held request has left. */
  onDeserted(): void;
  /** Workers may claim no more of this process without asking. */
  onGrantsEnded(generation: number): void;
}

export class RequestGate {
  private current: LeaseTarget | null = null;
  private readonly grants = new Set<CountedGrant>();
  private readonly options: RequestGateOptions;
  private readonly queue: WakeQueue;
  private readonly secondTries: SecondTries;
  private readonly meter: TenantMeter;
  private excused = false;

  constructor(options: RequestGateOptions) {
    this.options = options;
    this.secondTries = new SecondTries(() => {
      const { restartWindowMs, maxRestarts } = options.settings();
      return { windowMs: restartWindowMs, maxExcused: maxRestarts };
    });
    this.meter = new TenantMeter(() => options.allowance());
    this.queue = new WakeQueue(() => options.onDeserted());
  }

  get traffic(): Traffic {
    return this.options.traffic;
  }

  /** Target of forwarded requests, while the state is `ready`. */
  get target(): LeaseTarget | null {
    return this.current;
  }

  open({ process, generation }: { process: LaunchedProcess; generation: number }): void {
    const { name, tenantId } = this.options;
    this.current = this.renewed({ instance: name, tenantId, upstream: process.upstream, generation });
  }

  /** Applies a changed config of the service, or another plan. */
  renew(): void {
    this.meter.renew();
    if (this.current !== null) this.current = this.renewed(this.current);
    for (const grant of this.grants) grant.changed();
  }

  /** Ends claims; granted ones continue. */
  close(): void {
    this.current = null;
    for (const grant of this.grants) grant.revoke();
  }

  grant(): Grant | null {
    const { target } = this;
    if (target === null || this.options.refusal() !== null) return null;
    const grant = new CountedGrant(() => this.renewed(target), this.options.inFlight, {
      onReported: (news) => this.reported(news),
      onEnded: () => this.grants.delete(grant),
    });
    this.grants.add(grant);
    return grant;
  }

  get held(): number {
    return this.queue.size;
  }

  /** Sender of the first held request; null when unknown. */
  get heldFor(): string | null {
    return this.queue.first?.client ?? null;
  }

  /** Whether the last crash was caused by a request that had crashed a process before, and was counted then. */
  get isCrashExcused(): boolean {
    return this.excused;
  }

  claim(
    signal: AbortSignal,
    again: SecondTry | null = null,
    requester: Requester | null = null,
  ): Admission | Promise<Admission> {
    const closed = this.options.refusal();
    if (closed !== null) return closed;
    if (again !== null && !this.allows(again)) return { refused: 'upstream_failed', retryAfterS: null };
    const { clock, service, onNeeded, recentClients } = this.options;
    const nowMs = clock.nowMs();
    const meter = this.meter.of(again);
    if (this.current !== null) {
      const refused = meter === null ? null : meter.take();
      if (refused !== null) return this.orLater(refused, signal, again, requester);
      recentClients.seen(requester, nowMs);
      return this.lease(this.current, null, again, nowMs, meter);
    }
    const answer = this.admission();
    if (answer === 'forward') return { refused: 'starting', retryAfterS: 1 };
    if (typeof answer === 'object') return answer;
    const refused = meter === null ? null : meter.refusal();
    if (refused !== null) return this.orLater(refused, signal, again, requester);
    const client = requester?.client ?? null;
    const claim = this.queue.hold(service().wakeQueue, { sinceMs: nowMs, again, client }, signal);
    if (!('refused' in claim)) recentClients.note(client, nowMs);
    if (answer === 'wake' && !('refused' in claim)) onNeeded();
    return claim;
  }

  /** After a change of state, held requests continue, wait further, or are refused. */
  changed(was: Lifecycle): void {
    this.noteCrash(was);
    if (this.queue.size === 0) return;
    if (this.options.lifecycle().state === 'backoff') this.giveUpOnOld();
    const { target } = this;
    if (target !== null) {
      const nowMs = this.options.clock.nowMs();
      return this.queue.admit((held) => this.admitHeld(target, held, nowMs));
    }
    const answer = this.admission();
    if (typeof answer === 'object') return this.queue.refuse(answer);
    if (answer !== 'wake') return;
    const why = this.whyNotAwake(was);
    if (why === null) this.options.onNeeded();
    else this.queue.refuse({ refused: why, retryAfterS: 1 });
  }

  /** Refuses a request over a limit of the plan, unless workers have what they do not need. */
  private orLater(refused: Refusal, ...claim: Parameters<RequestGate['claim']>): Admission | Promise<Admission> {
    const allowance = this.meter.current;
    const recalled = allowance?.recall() ?? null;
    return recalled === null ? (allowance?.refuse(refused) ?? refused) : recalled.then(() => this.claim(...claim));
  }

  /** A held request counts when it is forwarded. */
  private admitHeld(target: LeaseTarget, held: HeldRequest, nowMs: number): Admission {
    const meter = this.meter.of(held.again);
    const refused = meter === null ? null : meter.take();
    if (refused !== null) return this.meter.current?.refuse(refused) ?? refused;
    return this.lease(target, held, held.again, nowMs, meter);
  }

  /**
   * Follows its tenant, which was closed or opened, or whose hooks have failed. Held requests get its answer, and workers have to ask for each
   * request. Requests in flight continue.
   */
  tenantChanged(): void {
    const refusal = this.options.refusal() ?? this.refusalForHooks();
    if (refusal === null) return;
    this.queue.refuse(refusal);
    if (this.current === null || this.grants.size === 0) return;
    for (const grant of this.grants) grant.revoke();
    this.options.onGrantsEnded(this.current.generation);
  }

  private allows(again: SecondTry): boolean {
    const { service, clock } = this.options;
    return service().retry && this.secondTries.allows(again, clock.nowMs());
  }

  private noteCrash(was: Lifecycle): void {
    const { state, next } = this.options.lifecycle();
    if (was.state === state || state !== 'stopping' || next !== 'crash') return;
    this.excused = this.secondTries.crashed(this.options.clock.nowMs());
  }

  /** Refuses requests that have waited for as long as a start may take, because the instance crashes repeatedly. */
  private giveUpOnOld(): void {
    const { clock, service, lifecycle } = this.options;
    const nowMs = clock.nowMs();
    const refusal = refusedLater('backoff', lifecycle(), nowMs);
    this.queue.refuseSince(nowMs - service().startupTimeoutMs, refusal);
  }

  /** Returns why held requests must not wake an instance again that came to rest while they waited; null: they may. */
  private whyNotAwake(was: Lifecycle): 'at_capacity' | 'start_failed' | null {
    if (this.options.lifecycle().state !== 'asleep') return null;
    if (was.state === 'starting') return 'at_capacity';
    // With `restart = "never"` only a request wakes it after a crash, and these are requests.
    return was.state === 'stopping' && was.next === 'crash' && !was.hasServed ? 'start_failed' : null;
  }

  private admission(): AdmissionDecision {
    const { lifecycle, service, clock, refusal } = this.options;
    const closed = refusal() ?? this.refusalForHooks();
    return closed ?? admission(lifecycle(), service().startupTimeoutMs, clock.nowMs());
  }

  private refusalForHooks(): Refusal | null {
    const { hooks, state } = this.options.lifecycle();
    return hooks !== 'none' && state === 'asleep' ? this.options.hooksRefusal() : null;
  }

  private lease(
    target: LeaseTarget,
    held: HeldRequest | null,
    again: SecondTry | null,
    nowMs: number,
    meter: Meter | null,
  ): Lease {
    const { inFlight, onUsed } = this.options;
    inFlight.begin(nowMs);
    onUsed();
    const lease = new CountedLease(target, held === null ? null : nowMs - held.sinceMs, meter, inFlight, this);
    if (again !== null) this.secondTries.begin(lease, again);
    return lease;
  }

  private renewed(target: Omit<LeaseTarget, 'requestTimeoutMs' | 'isMetered'>): LeaseTarget {
    const { requestTimeoutMs } = this.options.service();
    return { ...target, requestTimeoutMs, isMetered: this.meter.current !== null };
  }

  private reported({ isActive, hasClaimed, hasAnswered, client }: GrantChange): void {
    const { inFlight, recentClients, clock, onUsed, onQuiet } = this.options;
    const nowMs = clock.nowMs();
    if (!isActive) return;
    if (hasAnswered) inFlight.answered(nowMs);
    if (hasClaimed) inFlight.came(nowMs);
    else inFlight.seen(nowMs);
    if (hasClaimed) recentClients.note(client, nowMs);
    onUsed();
    if (inFlight.activity.open === 0) onQuiet();
  }

  /** Called by its leases. */
  released(lease: CountedLease, kind: 'request' | 'stream', outcome?: Outcome): void {
    const { inFlight, clock, onUsed, onQuiet } = this.options;
    const nowMs = clock.nowMs();
    this.secondTries.end(lease, outcome, nowMs);
    lease.meter?.release(outcome, lease.epoch);
    if (outcome === 'answered') inFlight.answered(nowMs);
    inFlight.end(kind, nowMs);
    onUsed();
    if (inFlight.activity.open === 0) onQuiet();
  }
}
