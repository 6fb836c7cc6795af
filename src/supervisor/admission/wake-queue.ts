/** The requests that one instance holds while it cannot serve. They are admitted or refused together, in order. */
import type { Admission, Refusal, SecondTry } from '../../core/admission/serving.ts';

/** A request that is held. */
export interface HeldRequest {
  readonly sinceMs: number;
  /** null unless it is a second try. */
  readonly again: SecondTry | null;
  /** Its sender; null when unknown. */
  readonly client: string | null;
}

interface QueuedRequest extends HeldRequest {
  readonly settle: (claim: Admission) => void;
}

/** The answer to a client that left; nobody reads it. */
const LEFT: Refusal = { refused: 'starting', retryAfterS: null };

export class WakeQueue {
  private readonly held = new Set<QueuedRequest>();
  private readonly onDeserted: () => void;

  /** @param onDeserted called when the last client that was held has left */
  constructor(onDeserted: () => void) {
    this.onDeserted = onDeserted;
  }

  get size(): number {
    return this.held.size;
  }

  /** The request that has been held the longest. */
  get first(): HeldRequest | undefined {
    return this.held.values().next().value;
  }

  /** Holds a request until it is settled. A full queue refuses at once; a client that leaves is forgotten. */
  hold(limit: number, held: HeldRequest, signal: AbortSignal): Refusal | Promise<Admission> {
    if (this.held.size >= limit) return { refused: 'wake_queue_full', retryAfterS: 1 };
    if (signal.aborted) return LEFT;
    return new Promise((resolve) => {
      const leave = () => {
        this.held.delete(entry);
        resolve(LEFT);
        if (this.held.size === 0) this.onDeserted();
      };
      const entry: QueuedRequest = {
        ...held,
        settle: (claim) => {
          signal.removeEventListener('abort', leave);
          resolve(claim);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.held.add(entry);
    });
  }

  /** Admits all requests in order of arrival, each with the lease or refusal that `claim` returns. */
  admit(claim: (held: HeldRequest) => Admission): void {
    this.settle(claim);
  }

  refuse(refusal: Refusal): void {
    this.settle(() => refusal);
  }

  /** Refuses requests that have been held since `sinceMs` or longer. */
  refuseSince(sinceMs: number, refusal: Refusal): void {
    this.settle(
      () => refusal,
      (entry) => entry.sinceMs <= sinceMs,
    );
  }

  private settle(
    claimFor: (entry: QueuedRequest) => Admission,
    which: (entry: QueuedRequest) => boolean = () => true,
  ): void {
    const entries = [...this.held].filter(which);
    for (const entry of entries) this.held.delete(entry);
    for (const entry of entries) entry.settle(claimFor(entry));
  }
}
