/**
 * How many streams of a client may be reset. A request that is cancelled at once costs the client two frames, and the
 * proxy and the tenant a whole request, while it never counts as open (CVE-2023-44487); so does one that the client makes
 * the proxy reset (CVE-2025-8671).
 */
import { TokenBucket } from '../../../core/admission/token-bucket.ts';

/** A browser that leaves a page cancels what is under way, 128 requests at most. */
const CONNECTION_BURST = 500;
const CONNECTION_RATE_PER_S = 50;
/** Many people may share an address. Of all processes together. */
const CLIENT_BURST = 2000;
const CLIENT_RATE_PER_S = 200;

export class ResetBudgets {
  private readonly clients = new Map<string, TokenBucket>();
  private readonly processes: number;

  /** @param processes how many processes divide what a client may do. The kernel chooses one for each connection. */
  constructor(processes: number) {
    this.processes = processes;
  }

  /** @param client the client of the connection; null: one that stands for many, without limits */
  of(client: string | null, nowMs: number): ResetBudget {
    return new ResetBudget(nowMs, client === null ? null : (atMs) => this.sharedBy(client, atMs));
  }

  /** Forgets clients that have reset nothing for a while. */
  sweep(nowMs: number): void {
    const burst = CLIENT_BURST / this.processes;
    for (const [client, bucket] of this.clients) {
      if (bucket.available(nowMs) >= burst) this.clients.delete(client);
    }
  }

  private sharedBy(client: string, nowMs: number): TokenBucket {
    const known = this.clients.get(client);
    if (known !== undefined) return known;
    const { processes } = this;
    const bucket = new TokenBucket(CLIENT_RATE_PER_S / processes, CLIENT_BURST / processes, nowMs);
    this.clients.set(client, bucket);
    return bucket;
  }
}

class ResetBudget {
  private readonly shared: ((nowMs: number) => TokenBucket) | null;
  private readonly own: TokenBucket;

  /** @param shared returns the bucket of all connections of the client; null: without limits */
  constructor(nowMs: number, shared: ((nowMs: number) => TokenBucket) | null) {
    this.shared = shared;
    this.own = new TokenBucket(CONNECTION_RATE_PER_S, CONNECTION_BURST, nowMs);
  }

  /** Counts a reset stream. Returns false when there are too many. */
  spend(nowMs: number): boolean {
    if (this.shared === null) return true;
    const isOwnLeft = this.own.tryTake(1, nowMs);
    return this.shared(nowMs).tryTake(1, nowMs) && isOwnLeft;
  }
}

export type { ResetBudget };
