/** Limits open connections, in all and for each client, and decides which ones are closed to make room. Pure. */

/** A connection that has just been opened, or answered, is likely to be used. */
const IDLE_MS = 1000;
/** Shortest time between two looks at all connections. */
const LOOK_MS = 100;

export interface TrackedConnection {
  /** The client it counts for; null: none, for example because it comes from a front server. */
  readonly client: string | null;
  /** How long there has been no request on it; 0 while one is under way. */
  idleMs(nowMs: number): number;
  /** Closes the connection for another one; it is no longer counted. */
  giveWay(): void;
}

export interface ConnectionLimits {
  /** 0: no limit. */
  readonly inAll: number;
  /** 0: no limit. */
  readonly perClient: number;
}

export type AdmitOutcome = 'entered' | 'full' | 'client-full';

export class ConnectionLimiter {
  private readonly limits: ConnectionLimits;
  private readonly all = new ConnectionGroup();
  private readonly byClient = new Map<string, ConnectionGroup>();

  constructor(limits: ConnectionLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.all.size;
  }

  /**
   * Admits a connection if there is room, or if an idle one can be closed. A client over its own limit loses its own
   * first.
   */
  enter(connection: TrackedConnection, nowMs: number): AdmitOutcome {
    const { inAll, perClient } = this.limits;
    const own = connection.client === null ? undefined : this.byClient.get(connection.client);
    if (own !== undefined && isFull(own, perClient) && !this.makeRoom(own, nowMs)) return 'client-full';
    if (isFull(this.all, inAll) && !this.makeRoom(this.all, nowMs)) return 'full';
    this.add(connection);
    return 'entered';
  }

  /** Counts a connection in without checking for room. */
  add(connection: TrackedConnection): void {
    this.all.add(connection);
    if (connection.client === null) return;
    const own = this.byClient.get(connection.client) ?? new ConnectionGroup();
    this.byClient.set(connection.client, own);
    own.add(connection);
  }

  leave(connection: TrackedConnection): void {
    this.all.delete(connection);
    if (connection.client === null) return;
    const own = this.byClient.get(connection.client);
    own?.delete(connection);
    if (own?.size === 0) this.byClient.delete(connection.client);
  }

  private makeRoom(group: ConnectionGroup, nowMs: number): boolean {
    const idle = group.longestIdle(nowMs);
    if (idle === null) return false;
    this.leave(idle);
    idle.giveWay();
    return true;
  }
}

function isFull(group: ConnectionGroup, limit: number): boolean {
  return limit > 0 && group.size >= limit;
}

class ConnectionGroup {
  private readonly connections = new Set<TrackedConnection>();
  /** Idle connections of the last look, the longest idle last. */
  private idle: TrackedConnection[] = [];
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.connections.size;
  }

  add(connection: TrackedConnection): void {
    this.connections.add(connection);
  }

  delete(connection: TrackedConnection): void {
    this.connections.delete(connection);
  }

  longestIdle(nowMs: number): TrackedConnection | null {
    return this.nextIdle(nowMs) ?? (this.look(nowMs) ? this.nextIdle(nowMs) : null);
  }

  private nextIdle(nowMs: number): TrackedConnection | null {
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (this.connections.has(connection) && connection.idleMs(nowMs) >= IDLE_MS) return connection;
    }
    return null;
  }

  private look(nowMs: number): boolean {
    if (nowMs - this.lookedAtMs < LOOK_MS) return false;
    this.lookedAtMs = nowMs;
    const since = [...this.connections].map((connection) => ({ connection, idleMs: connection.idleMs(nowMs) }));
    const idle = since.filter(({ idleMs }) => idleMs >= IDLE_MS).sort((a, b) => a.idleMs - b.idleMs);
    this.idle = idle.map(({ connection }) => connection);
    return this.idle.length > 0;
  }
}
