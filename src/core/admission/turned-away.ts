/** Connections that were refused because too many are open: counted, and told now and then. Pure. */

/** From one word about it to the next. */
const TELL_MS = 10_000;

export interface TurnedAwayNote {
  /** Where they came in. */
  readonly listener: string;
  /** How many since the last note. */
  readonly connections: number;
  /** The last of them was over the limit of one client, which this is; null: over the limit for all. */
  readonly client: string | null;
  readonly limit: number;
}

export class TurnedAway {
  private readonly totals = new Map<string, number>();
  private readonly untold = new Map<string, { connections: number; toldAtMs: number }>();

  /** Returns what is to be logged, if it is time for it. */
  count(listener: string, client: string | null, limit: number, nowMs: number): TurnedAwayNote | null {
    this.add(listener, 1);
    const since = this.untold.get(listener) ?? { connections: 0, toldAtMs: Number.NEGATIVE_INFINITY };
    this.untold.set(listener, since);
    since.connections += 1;
    if (nowMs - since.toldAtMs < TELL_MS) return null;
    const { connections } = since;
    since.connections = 0;
    since.toldAtMs = nowMs;
    return { listener, connections, client, limit };
  }

  /** Those that another process counted. */
  add(listener: string, connections: number): void {
    this.totals.set(listener, (this.totals.get(listener) ?? 0) + connections);
  }

  entries(): IterableIterator<[listener: string, connections: number]> {
    return this.totals.entries();
  }
}
