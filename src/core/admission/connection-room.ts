/** How many connections may be open, in all and of one client, and which are closed to make room. Pure. */

/** A connection that has just been made, or answered, is about to be used. */
const IDLE_MS = 1000;
/** All are looked through no more often. */
const LOOK_MS = 100;

export interface Guest {
  /** Whose it is; null: of one who is not counted by itself, a front server for example. */
  readonly client: string | null;
  /** How long nothing has been asked on it; 0 while something is under way. */
  idleMs(nowMs: number): number;
  /** It is to close, for another; it has been counted out. */
  giveWay(): void;
}

export interface RoomLimits {
  /** 0: no limit. */
  readonly inAll: number;
  /** 0: no limit. */
  readonly perClient: number;
}

export type Entry = 'entered' | 'full' | 'client-full';

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

  /** Counts one in if there is room, or if an idle one gives way: of the same client first, which is over its own limit. */
  enter(guest: Guest, nowMs: number): Entry {
    const { inAll, perClient } = this.limits;
    const own = guest.client === null ? undefined : this.byClient.get(guest.client);
    if (own !== undefined && isFull(own, perClient) && !this.makeRoom(own, nowMs)) return 'client-full';
    if (isFull(this.all, inAll) && !this.makeRoom(this.all, nowMs)) return 'full';
    this.add(guest);
    return 'entered';
  }

  /** Without looking whether there is room. */
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
  /** Found at the last look, the longest idle last. */
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
