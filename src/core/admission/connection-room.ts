/** Limits open connections, in all and for each client, and decides which ones are closed to make room. Pure. */

/** A connection that has just been opened, or answered, is likely to be used. */
const IDLE_MS = 1000;
/** Shortest time between two looks at all connections. */
const LOOK_MS = 100;

export interface Guest {
  /** The client it counts for; null: none, for example because it comes from a front server. */
  readonly client: string | null;
  /** How long there has been no request on it; 0 while one is under way. */
  idleMs(nowMs: number): number;
  /** Closes the connection for another one; it is no longer counted. */
  giveWay(): void;
}

export interface RoomLimits {
  /** 0: no limit. */
  readonly inAll: number;
  /** 0: no limit. */
  readonly perClient: number;
}

export type EntryOutcome = 'entered' | 'full' | 'client-full';

export class ConnectionRoom {
  private readonly limits: RoomLimits;
  private readonly all = new Crowd();
  private readonly byClient = new Map<string, Crowd>();

  constructor(limits: RoomLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.all.size;
  }

  /**
   * Admits a connection if there is room, or if an idle one can be closed. A client over its own limit loses its own
   * first.
   */
  enter(guest: Guest, nowMs: number): EntryOutcome {
    const { inAll, perClient } = this.limits;
    const own = guest.client === null ? undefined : this.byClient.get(guest.client);
    if (own !== undefined && isFull(own, perClient) && !this.makeRoom(own, nowMs)) return 'client-full';
    if (isFull(this.all, inAll) && !this.makeRoom(this.all, nowMs)) return 'full';
    this.add(guest);
    return 'entered';
  }

  /** Counts a connection in without checking for room. */
  add(guest: Guest): void {
    this.all.add(guest);
    if (guest.client === null) return;
    const own = this.byClient.get(guest.client) ?? new Crowd();
    this.byClient.set(guest.client, own);
    own.add(guest);
  }

  leave(guest: Guest): void {
    this.all.delete(guest);
    if (guest.client === null) return;
    const own = this.byClient.get(guest.client);
    own?.delete(guest);
    if (own?.size === 0) this.byClient.delete(guest.client);
  }

  private makeRoom(crowd: Crowd, nowMs: number): boolean {
    const idle = crowd.longestIdle(nowMs);
    if (idle === null) return false;
    this.leave(idle);
    idle.giveWay();
    return true;
  }
}

function isFull(crowd: Crowd, limit: number): boolean {
  return limit > 0 && crowd.size >= limit;
}

class Crowd {
  private readonly guests = new Set<Guest>();
  /** Idle connections of the last look, the longest idle last. */
  private idle: Guest[] = [];
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.guests.size;
  }

  add(guest: Guest): void {
    this.guests.add(guest);
  }

  delete(guest: Guest): void {
    this.guests.delete(guest);
  }

  longestIdle(nowMs: number): Guest | null {
    return this.nextIdle(nowMs) ?? (this.look(nowMs) ? this.nextIdle(nowMs) : null);
  }

  private nextIdle(nowMs: number): Guest | null {
    for (let guest = this.idle.pop(); guest !== undefined; guest = this.idle.pop()) {
      if (this.guests.has(guest) && guest.idleMs(nowMs) >= IDLE_MS) return guest;
    }
    return null;
  }

  private look(nowMs: number): boolean {
    if (nowMs - this.lookedAtMs < LOOK_MS) return false;
    this.lookedAtMs = nowMs;
    const since = [...this.guests].map((guest) => ({ guest, idleMs: guest.idleMs(nowMs) }));
    const idle = since.filter(({ idleMs }) => idleMs >= IDLE_MS).sort((a, b) => a.idleMs - b.idleMs);
    this.idle = idle.map(({ guest }) => guest);
    return this.idle.length > 0;
  }
}
