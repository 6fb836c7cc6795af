/** Which queues of one target can be sent from, which wait, and until when. Their messages are in the outbox. */
import type { Clock } from '../core/ports.ts';

/** The messages for one tenant, or for none. */
export interface TenantQueue {
  readonly tenantId: string | null;
  /** `ready`: its first message can be sent. `waiting`: it can be after a delay. */
  state: 'idle' | 'ready' | 'sending' | 'waiting';
  /** How many attempts have failed since one succeeded, as far as this server knows. */
  failures: number;
  /** Whether the delay of its first message is over. */
  isDue: boolean;
  nextTryAtMs: number | null;
  cancelDelay(): void;
}

export class TenantQueues {
  private readonly clock: Clock;
  private readonly onReady: () => void;
  private readonly queues = new Map<string | null, TenantQueue>();
  private readonly ready: TenantQueue[] = [];
  private isClosed = false;

  /** @param onReady called when a queue has become ready */
  constructor(clock: Clock, onReady: () => void) {
    this.clock = clock;
    this.onReady = onReady;
  }

  /** Makes a queue ready that has got a message, unless it is under way or waits. */
  wake(tenantId: string | null): void {
    const queue = this.queueOf(tenantId);
    if (queue.state === 'idle') this.makeReady(queue);
  }

  makeReady(queue: TenantQueue): void {
    queue.state = 'ready';
    queue.nextTryAtMs = null;
    this.ready.push(queue);
    this.onReady();
  }

  /** Takes the queue that has been ready for longest; undefined: none is. */
  takeReady(): TenantQueue | undefined {
    const queue = this.isClosed ? undefined : this.ready.shift();
    if (queue !== undefined) queue.state = 'sending';
    return queue;
  }

  /** Makes a queue ready after a delay. */
  delay(queue: TenantQueue, delayMs: number): void {
    if (this.isClosed) return;
    queue.state = 'waiting';
    queue.nextTryAtMs = this.clock.nowMs() + delayMs;
    queue.cancelDelay = this.clock.after(delayMs, () => this.endDelay(queue));
  }

  endDelays(): void {
    for (const queue of this.queues.values()) {
      if (queue.state !== 'waiting') continue;
      queue.cancelDelay();
      this.endDelay(queue);
    }
  }

  /** Forgets a queue that has no message. */
  remove({ tenantId }: TenantQueue): void {
    this.queues.delete(tenantId);
  }

  /** When the first delay ends; null: no queue waits. */
  get nextTryAtMs(): number | null {
    let earliestMs: number | null = null;
    for (const { nextTryAtMs } of this.queues.values())
      if (nextTryAtMs !== null) earliestMs = Math.min(nextTryAtMs, earliestMs ?? nextTryAtMs);
    return earliestMs;
  }

  /** From now on no queue becomes ready. */
  close(): void {
    this.isClosed = true;
    for (const queue of this.queues.values()) queue.cancelDelay();
  }

  private endDelay(queue: TenantQueue): void {
    queue.isDue = true;
    this.makeReady(queue);
  }

  private queueOf(tenantId: string | null): TenantQueue {
    const known = this.queues.get(tenantId);
    if (known !== undefined) return known;
    const still = { isDue: false, nextTryAtMs: null, cancelDelay: () => {} };
    const queue: TenantQueue = { tenantId, state: 'idle', failures: 0, ...still };
    this.queues.set(tenantId, queue);
    return queue;
  }
}
