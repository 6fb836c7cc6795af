/** Where requests come in to one instance: forwarded, held or refused by its state, and counted. */
import { admission, refusedLater } from '../core/admission.ts';
import type { InstanceName } from '../core/instance.ts';
import type { Lifecycle } from '../core/lifecycle-events.ts';
import type { Clock, LaunchedProcess } from '../core/ports.ts';
import type { ServiceConfig } from '../core/service.ts';
import type { Claim, Grant, Lease, LeaseTarget } from '../core/serving.ts';
import { CountedGrant } from './grant.ts';
import type { InFlight } from './in-flight.ts';
import { CountedLease } from './lease.ts';
import { WakeGate } from './wake-gate.ts';

export interface DoorOptions {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly clock: Clock;
  readonly inFlight: InFlight;
  lifecycle(): Lifecycle;
  service(): ServiceConfig;
  /** A request needs it awake. */
  onNeeded(): void;
  /** A request was granted. */
  onUsed(): void;
  /** The last that was open has ended. */
  onQuiet(): void;
  /** The last that was held has left. */
  onDeserted(): void;
}

export class Door {
  private current: LeaseTarget | null = null;
  private readonly grants = new Set<CountedGrant>();
  private readonly options: DoorOptions;
  private readonly gate: WakeGate;

  constructor(options: DoorOptions) {
    this.options = options;
    this.gate = new WakeGate(() => options.onDeserted());
  }

  /** Who serves now, while the state is `ready`: requests are forwarded to it. */
  get target(): LeaseTarget | null {
    return this.current;
  }

  open({ process, generation }: { process: LaunchedProcess; generation: number }): void {
    const { name, tenantId } = this.options;
    this.current = this.renewed({ instance: name, tenantId, upstream: process.upstream, generation });
  }

  /** The service has another config now. */
  renew(): void {
    if (this.current !== null) this.current = this.renewed(this.current);
  }

  /** From now on nobody claims it; what has been claimed goes on. */
  close(): void {
    this.current = null;
    for (const grant of this.grants) grant.revoke();
  }

  grant(): Grant | null {
    const { target } = this;
    if (target === null) return null;
    const grant = new CountedGrant(() => this.renewed(target), this.options.inFlight, {
      onReported: (active) => this.reported(active),
      onEnded: () => this.grants.delete(grant),
    });
    this.grants.add(grant);
    return grant;
  }

  get held(): number {
    return this.gate.size;
  }

  claim(signal: AbortSignal): Claim | Promise<Claim> {
    if (this.current !== null) return this.lease(this.current, null);
    const answer = this.admission();
    if (answer === 'forward') return { refused: 'starting', retryAfterS: 1 };
    if (typeof answer === 'object') return answer;
    const { clock, service, onNeeded } = this.options;
    const claim = this.gate.hold(service().wakeQueue, clock.nowMs(), signal);
    if (answer === 'wake' && !('refused' in claim)) onNeeded();
    return claim;
  }

  /** After a change of state: those held go on, wait on, or are refused. */
  settleHeld(was: Lifecycle): void {
    if (this.gate.size === 0) return;
    if (this.options.lifecycle().state === 'backoff') this.giveUpOnOld();
    const { target } = this;
    if (target !== null) return this.gate.admit((sinceMs) => this.lease(target, sinceMs));
    const answer = this.admission();
    if (typeof answer === 'object') return this.gate.refuse(answer);
    if (answer !== 'wake') return;
    const why = this.whyNotAwake(was);
    if (why === null) this.options.onNeeded();
    else this.gate.refuse({ refused: why, retryAfterS: 1 });
  }

  /** It crashes, and again; whoever has waited for as long as a start may take hears of it. */
  private giveUpOnOld(): void {
    const { clock, service, lifecycle } = this.options;
    const nowMs = clock.nowMs();
    const refusal = refusedLater('backoff', lifecycle(), nowMs);
    this.gate.refuseSince(nowMs - service().startupTimeoutMs, refusal);
  }

  /** For one that came to rest while requests waited for it, and would again. */
  private whyNotAwake(was: Lifecycle): 'at_capacity' | 'start_failed' | null {
    if (this.options.lifecycle().state !== 'asleep') return null;
    if (was.state === 'starting') return 'at_capacity';
    return was.state === 'stopping' && was.next === 'crash' ? 'start_failed' : null;
  }

  private admission() {
    const { lifecycle, service, clock } = this.options;
    return admission(lifecycle(), service().startupTimeoutMs, clock.nowMs());
  }

  private lease(target: LeaseTarget, heldSinceMs: number | null): Lease {
    const { clock, inFlight, onUsed } = this.options;
    const nowMs = clock.nowMs();
    inFlight.begin(nowMs);
    onUsed();
    const heldMs = heldSinceMs === null ? null : nowMs - heldSinceMs;
    return new CountedLease(target, heldMs, inFlight, this);
  }

  private renewed(target: Omit<LeaseTarget, 'requestTimeoutMs'>): LeaseTarget {
    return { ...target, requestTimeoutMs: this.options.service().requestTimeoutMs };
  }

  private reported(active: boolean): void {
    const { inFlight, clock, onUsed, onQuiet } = this.options;
    if (!active) return;
    inFlight.seen(clock.nowMs());
    onUsed();
    if (inFlight.activity.open === 0) onQuiet();
  }

  /** Called by its leases. */
  released(kind: 'request' | 'stream'): void {
    const { inFlight, clock, onUsed, onQuiet } = this.options;
    inFlight.end(kind, clock.nowMs());
    onUsed();
    if (inFlight.activity.open === 0) onQuiet();
  }
}
