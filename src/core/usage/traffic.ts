/** Counts what passes between clients and the processes of one tenant. */

export interface TrafficCounts {
  readonly requests: number;
  readonly errors: number;
  readonly ingressBytes: number;
  readonly egressBytes: number;
}

export const NO_TRAFFIC: TrafficCounts = { requests: 0, errors: 0, ingressBytes: 0, egressBytes: 0 };

/** A connection with the system's counts of its bytes, such as a socket. */
export interface CountedConnection {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Counts that only grow. Whoever moves the bytes adds to them, because a method call for each part would cost more. */
export class Traffic implements TrafficCounts {
  requests = 0;
  errors = 0;
  ingressBytes = 0;
  egressBytes = 0;
  /** null: none yet. */
  private followed: Set<FollowedConnection> | null = null;

  /**
   * Counts the bytes of a connection of a client: those since `begin`, and later ones until the returned function is
   * called.
   */
  follow(connection: CountedConnection, begin: CountedConnection): () => void {
    const followed = new FollowedConnection(this, connection, begin);
    this.followed ??= new Set();
    this.followed.add(followed);
    return () => {
      if (this.followed?.delete(followed) === true) followed.count();
    };
  }

  get isFollowing(): boolean {
    return this.followed !== null && this.followed.size > 0;
  }

  /** Brings the counts of followed connections up to date. */
  update(): void {
    if (this.followed !== null) for (const followed of this.followed) followed.count();
  }

  add(more: TrafficCounts): void {
    this.requests += more.requests;
    this.errors += more.errors;
    this.ingressBytes += more.ingressBytes;
    this.egressBytes += more.egressBytes;
  }
}

class FollowedConnection {
  private readonly traffic: Traffic;
  private readonly connection: CountedConnection;
  private read: number;
  private written: number;

  constructor(traffic: Traffic, connection: CountedConnection, begin: CountedConnection) {
    this.traffic = traffic;
    this.connection = connection;
    this.read = begin.bytesRead;
    this.written = begin.bytesWritten;
  }

  count(): void {
    const read = Math.max(this.read, this.connection.bytesRead);
    // A socket also counts what it has yet to write, and drops that when it is destroyed.
    const written = Math.max(this.written, this.connection.bytesWritten);
    this.traffic.ingressBytes += read - this.read;
    this.traffic.egressBytes += written - this.written;
    this.read = read;
    this.written = written;
  }
}

export function sameTraffic(a: TrafficCounts, b: TrafficCounts): boolean {
  return (
    a.requests === b.requests &&
    a.errors === b.errors &&
    a.ingressBytes === b.ingressBytes &&
    a.egressBytes === b.egressBytes
  );
}

/** Returns what was counted after `before`. */
export function trafficSince(before: TrafficCounts, now: TrafficCounts): TrafficCounts {
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    ingressBytes: now.ingressBytes - before.ingressBytes,
    egressBytes: now.egressBytes - before.egressBytes,
  };
}

/** Returns the counts at this moment. */
export function trafficNow({ requests, errors, ingressBytes, egressBytes }: TrafficCounts): TrafficCounts {
  return { requests, errors, ingressBytes, egressBytes };
}
