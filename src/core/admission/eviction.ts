/** Which instance is ended for another that needs its place. Pure. */
import type { Demand } from './demand.ts';

/**
 * For so long after a client has used an instance, nobody else's wake ends it. Shorter than people pause between two
 * pages, it would protect nobody; longer, a house that is too small would refuse more than it has to.
 */
const STAY_MS = 30_000;
/** In use without a longer pause than this, and for at least `STEADY_MS`, an instance is at work: it stays whoever asks. */
export const PAUSE_MS = 5000;
const STEADY_MS = 1000;

/** Somebody's last use of an instance. `client`: null when it is not known who. */
export interface Visit {
  readonly client: string | null;
  readonly atMs: number;
}

/** An instance that has a process, or is about to. */
export interface Resident {
  /** It may be ended at all: nobody is connected, and its service lets it sleep. */
  readonly isIdle: boolean;
  readonly isSuspended: boolean;
  readonly lastUsedAtMs: number;
  /** The first and the last request of those between which there was no long pause. */
  readonly steadyFromMs: number;
  readonly steadyToMs: number;
  /** By client, the last first; at most two. */
  readonly visits: readonly Visit[];
}

export interface House {
  readonly maxRunning: number;
  readonly nowMs: number;
}

/** The one to be ended, or null: all are needed more than what is to be started. */
export function whomToEvict<Some extends Resident>(all: readonly Some[], demand: Demand, house: House): Some | null {
  const claims = new Claims(all, demand, house);
  const idle = all.filter(({ isIdle }) => isIdle);
  const free = idle.filter((one) => !claims.isProtected(one));
  const own = claims.isFull ? free.filter((one) => claims.isOwn(one)) : [];
  // An operator decides over clients.
  const last = demand.by === 'operator' ? idle : [];
  return leastNeeded(own) ?? leastNeeded(free) ?? leastNeeded(last);
}

/** A suspended one, else an idle one, the least recently used first. */
export function leastNeeded<Some extends Pick<Resident, 'isSuspended' | 'lastUsedAtMs'>>(
  some: readonly Some[],
): Some | null {
  const order = (a: Some, b: Some) => Number(b.isSuspended) - Number(a.isSuspended) || a.lastUsedAtMs - b.lastUsedAtMs;
  return some.toSorted(order)[0] ?? null;
}

/** The claims of clients on what runs, as seen from one client. */
class Claims {
  /** By client, how many it used last. */
  private readonly counts = new Map<string | null, number>();
  /** undefined: no client asks. */
  private readonly asker: string | null | undefined;
  /** What each client may have while others want some too. */
  private readonly share: number;
  private readonly nowMs: number;

  constructor(all: readonly Resident[], demand: Demand, { maxRunning, nowMs }: House) {
    this.nowMs = nowMs;
    this.asker = demand.by === 'request' ? demand.client : undefined;
    for (const { visits } of all) {
      const [last] = this.recent(visits);
      if (last !== undefined) this.counts.set(last.client, this.countOf(last.client) + 1);
    }
    const isNew = this.asker !== undefined && !this.counts.has(this.asker);
    this.share = Math.max(1, Math.floor(maxRunning / Math.max(1, this.counts.size + Number(isNew))));
  }

  /** The client that asks has its share already. */
  get isFull(): boolean {
    return this.asker !== undefined && this.countOf(this.asker) >= this.share;
  }

  isOwn({ visits }: Resident): boolean {
    const recent = this.recent(visits);
    return recent.length > 0 && recent.every(({ client }) => client === this.asker);
  }

  /** Another client uses it, who has no more than its share; or it is at work. */
  isProtected(one: Resident): boolean {
    const others = this.recent(one.visits).filter(({ client }) => client !== this.asker);
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
