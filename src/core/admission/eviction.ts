/** Chooses the instance that is ended for another that needs its place. Pure. */
import type { Demand } from './demand.ts';

/**
 * For this time after a client has used an instance, another client's wake does not end it. Any shorter than people
 * pause between two pages, it would protect nobody; much longer, a server with too little room would refuse more than
 * it must.
 */
const STAY_MS = 30_000;
/**
 * An instance used without a longer pause than `PAUSE_MS`, for at least `STEADY_MS`, is at work and stays in any case.
 */
export const PAUSE_MS = 5000;
const STEADY_MS = 1000;

/** A client's last use of an instance. `client`: null when unknown. */
export interface Visit {
  readonly client: string | null;
  readonly atMs: number;
}

/** An instance that has a process, or is about to. */
export interface EvictionCandidate {
  /** Whether it may be ended: nobody is connected, and its service lets it sleep. */
  readonly isIdle: boolean;
  readonly isSuspended: boolean;
  readonly lastUsedAtMs: number;
  /** First and last request of a series without a long pause. */
  readonly steadyFromMs: number;
  readonly steadyToMs: number;
  /** At most two, one for each client, the latest first. */
  readonly visits: readonly Visit[];
}

export interface Capacity {
  readonly maxRunning: number;
  readonly nowMs: number;
}

/** Returns the instance to end, or null when each is needed more than the one to be started. */
export function chooseVictim<Some extends EvictionCandidate>(
  all: readonly Some[],
  demand: Demand,
  capacity: Capacity,
): Some | null {
  const shares = new ClientShares(all, demand, capacity);
  const idle = all.filter(({ isIdle }) => isIdle);
  const free = idle.filter((one) => !shares.isProtected(one));
  const own = shares.isFull ? free.filter((one) => shares.isOwn(one)) : [];
  // An operator overrides clients.
  const last = demand.by === 'operator' ? idle : [];
  return leastNeeded(own) ?? leastNeeded(free) ?? leastNeeded(last);
}

/** Returns a suspended instance, else an idle one, each the least recently used; null: none. */
export function leastNeeded<Some extends Pick<EvictionCandidate, 'isSuspended' | 'lastUsedAtMs'>>(
  some: readonly Some[],
): Some | null {
  const order = (a: Some, b: Some) => Number(b.isSuspended) - Number(a.isSuspended) || a.lastUsedAtMs - b.lastUsedAtMs;
  return some.toSorted(order)[0] ?? null;
}

/** Claims of clients on running instances, as seen by one client. */
class ClientShares {
  /** Client → how many instances it was the last to use. */
  private readonly counts = new Map<string | null, number>();
  /** undefined: no client asks. */
  private readonly requester: string | null | undefined;
  /** How many instances a client may use while others want some too. */
  private readonly share: number;
  private readonly nowMs: number;

  constructor(all: readonly EvictionCandidate[], demand: Demand, { maxRunning, nowMs }: Capacity) {
    this.nowMs = nowMs;
    this.requester = demand.by === 'request' ? demand.client : undefined;
    for (const { visits } of all) {
      const [last] = this.recent(visits);
      if (last !== undefined) this.counts.set(last.client, this.countOf(last.client) + 1);
    }
    const isNew = this.requester !== undefined && !this.counts.has(this.requester);
    this.share = Math.max(1, Math.floor(maxRunning / Math.max(1, this.counts.size + Number(isNew))));
  }

  /** Whether the asking client has its share already. */
  get isFull(): boolean {
    return this.requester !== undefined && this.countOf(this.requester) >= this.share;
  }

  isOwn({ visits }: EvictionCandidate): boolean {
    const recent = this.recent(visits);
    return recent.length > 0 && recent.every(({ client }) => client === this.requester);
  }

  /** Whether another client uses it that has no more than its share, or it is at work. */
  isProtected(one: EvictionCandidate): boolean {
    const others = this.recent(one.visits).filter(({ client }) => client !== this.requester);
    if (others.length > 0) return others.some(({ client }) => this.countOf(client) <= this.share);
    const isSteady = one.steadyToMs - one.steadyFromMs >= STEADY_MS;
    return isSteady && this.nowMs - one.lastUsedAtMs < PAUSE_MS;
  }

  private recent(visits: readonly Visit[]): Visit[] {
    return visits.filter(({ atMs }) => this.nowMs - atMs < STAY_MS);
  }

  private countOf(client: string | null): number {
    return this.counts.get(client) ?? 0;
  }
}
