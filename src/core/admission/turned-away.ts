/** Counts connections that were refused because too many are open, and reports them now and then. Pure. */

/** Time between two reports. */
const TELL_MS = 10_000;

export interface TurnedAwayNote {
  /** The listener that they came in at. */
  readonly listener: string;
  /** How many since the last report. */
  readonly connections: number;
  /** The client whose limit the last of them exceeded; null: the limit for all. */
  readonly client: string | null;
  readonly limit: number;
}

export class TurnedAway {
  private readonly totals = new Map<string, number>();
  private readonly untold = new Map<string, { connections: number; toldAtMs: number }>();

  /** Counts a refused connection. Returns a report if one is due. */
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

  /** Adds connections that another process counted. */
  add(listener: string, connections: number): void {
    this.totals.set(listener, (this.totals.get(listener) ?? 0) + connections);
  }

  entries(): IterableIterator<[listener: string, connections: number]> {
    return this.totals.entries();
  }
}
