/**
 * Delivers the messages for one target. Messages for one tenant go one after the other; a queue whose first message is
 * not accepted waits, and the queues of other tenants go on.
 */
import type { NotifyTarget } from '../core/notify/notify-target.ts';
import { isGivenUp, LONGEST_DELAY_MS, retryDelayMs } from '../core/notify/retry.ts';
import type { Clock } from '../core/ports.ts';
import type { Outbox, OutboxMessage } from '../core/stores/outbox.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { type DeliveryAttempt, MAX_SENDING } from './webhook.ts';

/** Delay before a write that failed is repeated; another process's lock passes soon. */
const WRITE_AGAIN_MS = 100;

export interface DeliveryDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Sends a message once; never rejects. */
  send(message: OutboxMessage): Promise<DeliveryAttempt>;
  /** Called for each attempt. */
  tried(ok: boolean): void;
  /** Called for a message that is not tried again. */
  givenUp(reason: string): void;
}

/** The messages for one tenant, or for none. */
interface Queue {
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

export class TargetDelivery {
  private readonly url: string;
  private readonly deps: DeliveryDeps;
  private readonly queues = new Map<string | null, Queue>();
  private readonly ready: Queue[] = [];
  private sending = 0;
  private isClosed = false;
  private isFailing = false;
  private onQuiet: () => void = () => {};

  constructor({ url }: NotifyTarget, deps: DeliveryDeps) {
    this.url = url;
    this.deps = deps;
  }

  /** Takes up the messages that are in the outbox. */
  start(): void {
    for (const tenantId of this.deps.outbox.queues(this.url)) this.wake(tenantId);
  }

  /** Sends the first message of a queue, unless the queue is busy or waits. */
  wake(tenantId: string | null): void {
    const queue = this.queueOf(tenantId);
    if (queue.state === 'idle') this.makeReady(queue);
  }

  /** Tries all messages now that wait for a delay. */
  retryNow(): void {
    for (const queue of this.queues.values()) {
      if (queue.state !== 'waiting') continue;
      queue.cancelDelay();
      queue.isDue = true;
      this.makeReady(queue);
    }
  }

  /** Time of the earliest attempt after a failure; null: no queue waits. */
  get nextTryAtMs(): number | null {
    const times = Array.from(this.queues.values(), ({ nextTryAtMs }) => nextTryAtMs).filter((time) => time !== null);
    return times.length === 0 ? null : times.reduce((earliest, time) => Math.min(earliest, time));
  }

  /** Sends nothing more. Settles when no message is on its way, or after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.isClosed = true;
    for (const queue of this.queues.values()) queue.cancelDelay();
    if (this.sending === 0 || graceMs === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.deps.clock.after(graceMs, resolve);
      this.onQuiet = () => {
        cancel();
        resolve();
      };
    });
  }

  private queueOf(tenantId: string | null): Queue {
    const known = this.queues.get(tenantId);
    if (known !== undefined) return known;
    const queue: Queue = {
      tenantId,
      state: 'idle',
      failures: 0,
      isDue: false,
      nextTryAtMs: null,
      cancelDelay: () => {},
    };
    this.queues.set(tenantId, queue);
    return queue;
  }

  private makeReady(queue: Queue): void {
    queue.state = 'ready';
    queue.nextTryAtMs = null;
    this.ready.push(queue);
    this.sendReady();
  }

  private sendReady(): void {
    while (!this.isClosed && this.sending < MAX_SENDING) {
      const queue = this.ready.shift();
      if (queue === undefined) return;
      this.sending += 1;
      detached(
        this.deps.logger,
        { part: 'notify' },
        this.sendFirst(queue).finally(() => this.sent()),
      );
    }
  }

  private sent(): void {
    this.sending -= 1;
    this.sendReady();
    if (this.sending === 0) this.onQuiet();
  }

  private async sendFirst(queue: Queue): Promise<void> {
    queue.state = 'sending';
    const message = this.firstOf(queue);
    if (message === 'unreadable') return this.wait(queue, WRITE_AGAIN_MS);
    if (message === null) return void this.queues.delete(queue.tenantId);
    const delayMs = queue.isDue ? 0 : message.nextTryAtMs - this.deps.clock.nowMs();
    // The clock may have been set back since the time was written.
    if (delayMs > 0) return this.wait(queue, Math.min(delayMs, LONGEST_DELAY_MS));
    queue.isDue = false;
    const attempt = await this.deps.send(message);
    if (this.isClosed && !attempt.ok) return;
    this.deps.tried(attempt.ok);
    if (attempt.ok) return this.accepted(queue, message);
    await this.notAccepted(queue, message, attempt);
  }

  private firstOf(queue: Queue): OutboxMessage | 'unreadable' | null {
    try {
      return this.deps.outbox.head(this.url, queue.tenantId);
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'notifications cannot be read; will be tried again');
      return 'unreadable';
    }
  }

  /** The message must not be sent again, so its queue stops until its removal is written. */
  private async accepted(queue: Queue, message: OutboxMessage): Promise<void> {
    if (this.isFailing) this.deps.logger.info({ receiver: this.receiver }, 'notifications are accepted again');
    this.isFailing = false;
    queue.failures = 0;
    await this.written(() => this.deps.outbox.accepted(message, this.deps.clock.nowMs()));
    this.makeReady(queue);
  }

  private async notAccepted(
    queue: Queue,
    message: OutboxMessage,
    { failure, retryAfterMs }: DeliveryAttempt,
  ): Promise<void> {
    const { outbox, clock, logger, random } = this.deps;
    const nowMs = clock.nowMs();
    const reason = failure ?? 'not accepted';
    const fields = { receiver: this.receiver, seq: message.seq, reason };
    if (this.isFailing) logger.debug(fields, 'notification not accepted');
    else logger.warn(fields, 'notifications are not accepted; will be tried again for three days');
    this.isFailing = true;
    queue.failures = Math.max(queue.failures, message.failures) + 1;
    if (isGivenUp(message.atMs, nowMs, queue.failures)) {
      await this.written(() => outbox.givenUp(message, { atMs: nowMs, reason }));
      this.deps.givenUp(reason);
      return this.makeReady(queue);
    }
    const delayMs = retryDelayMs(queue.failures, random(), retryAfterMs);
    this.wait(queue, delayMs);
    this.note(() => outbox.failed(message, { atMs: nowMs, reason }, nowMs + delayMs));
  }

  private wait(queue: Queue, delayMs: number): void {
    if (this.isClosed) return;
    queue.state = 'waiting';
    queue.nextTryAtMs = this.deps.clock.nowMs() + delayMs;
    queue.cancelDelay = this.deps.clock.after(delayMs, () => {
      queue.isDue = true;
      this.makeReady(queue);
    });
  }

  /** Only the next server needs to know of a failure. */
  private note(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.deps.logger.debug({ err: error }, 'failure of a notification not written');
    }
  }

  /** Writes until it succeeds. */
  private async written(write: () => void): Promise<void> {
    for (let isTold = false; ; isTold = true) {
      try {
        return write();
      } catch (error) {
        if (!isTold)
          this.deps.logger.warn({ err: error }, 'delivery of a notification not written; will be tried again');
      }
      await new Promise<void>((resolve) => this.deps.clock.after(WRITE_AGAIN_MS, resolve));
    }
  }

  private get receiver(): string {
    return new URL(this.url).origin;
  }
}
