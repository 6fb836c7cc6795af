/**
 * How many streams of a client may be reset. A request that is cancelled at once costs the client two frames, and the
 * proxy and the tenant a whole request, while it never counts as open (CVE-2023-44487); so does one that the client makes
 * the proxy reset (CVE-2025-8671).
 */
import { TokenBucket } from '../../../core/admission/token-bucket.ts';

/** A browser that leaves a page cancels what is under way, 128 requests at most. */
const CONNECTION_BURST = 500;
const CONNECTION_RATE_PER_S = 50;
/** Many people may share an address. */
const CLIENT_BURST = 2000;
const CLIENT_RATE_PER_S = 200;

export class ResetBudgets {
  private readonly clients = new Map<string, TokenBucket>();

  /** @param client the client of the connection; null: one that stands for many, without limits */
  of(client: string | null, nowMs: number): ResetBudget {
    return new ResetBudget(client, this.clients, nowMs);
  }

  /** Forgets clients that have reset nothing for a while. */
  sweep(nowMs: number): void {
    for (const [client, bucket] of this.clients) {
      if (bucket.available(nowMs) >= CLIENT_BURST) this.clients.delete(client);
    }
  }
}

class ResetBudget {
  private readonly client: string | null;
  private readonly clients: Map<string, TokenBucket>;
  private readonly own: TokenBucket;

  constructor(client: string | null, clients: Map<string, TokenBucket>, nowMs: number) {
    this.client = client;
    this.clients = clients;
    this.own = new TokenBucket(CONNECTION_RATE_PER_S, CONNECTION_BURST, nowMs);
  }

  /** Counts a reset stream. Returns false when there are too many. */
  spend(nowMs: number): boolean {
    const { client, clients } = this;
    if (client === null) return true;
    const shared = clients.get(client) ?? new TokenBucket(CLIENT_RATE_PER_S, CLIENT_BURST, nowMs);
    clients.set(client, shared);
    const isOwnLeft = this.own.tryTake(1, nowMs);
    return shared.tryTake(1, nowMs) && isOwnLeft;
  }
}

export type { ResetBudget };
