/**
 * Delivers the messages for one target. Messages for one tenant go one after the other; a queue whose first message is
 * not accepted waits, and the queues of other tenants go on.
 */
import { type NotifyTarget, receiverOf } from '../core/notify/notify-target.ts';
import { isGivenUp, LONGEST_DELAY_MS, retryDelayMs } from '../core/notify/retry.ts';
import type { Clock } from '../core/ports.ts';
import type { Outbox, OutboxMessage } from '../core/stores/outbox.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { type TenantQueue, TenantQueues } from './tenant-queues.ts';
import { type DeliveryAttempt, MAX_SENDING } from './webhook.ts';

/** Delay before a write that failed is repeated, which doubles up to the longest: another process's lock passes soon. */
const WRITE_AGAIN_MS = 50;
const LONGEST_WRITE_AGAIN_MS = 1600;
/** A registry that cannot even be read needs an operator. */
const READ_AGAIN_MS = 10_000;

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

export class TargetDelivery {
  private readonly url: string;
  private readonly deps: DeliveryDeps;
  private readonly queues: TenantQueues;
  private sending = 0;
  private isClosed = false;
  /** Whether nothing is written any more, either. */
  private isOver = false;
  private isFailing = false;
  private onQuiet: () => void = () => {};

  constructor({ url }: NotifyTarget, deps: DeliveryDeps) {
    this.url = url;
    this.deps = deps;
    this.queues = new TenantQueues(deps.clock, () => this.sendReady());
  }

  /** Takes up the messages that are in the outbox. */
  start(): void {
    if (this.isClosed) return;
    try {
      for (const tenantId of this.deps.outbox.queues(this.url)) this.wake(tenantId);
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'notifications cannot be read; will be tried again');
      this.deps.clock.after(READ_AGAIN_MS, () => this.start());
    }
  }

  /** Takes up a message that has been added for a tenant. */
  wake(tenantId: string | null): void {
    this.queues.wake(tenantId);
  }

  /** Tries all messages now that wait for a delay. */
  retryNow(): void {
    this.queues.endDelays();
  }

  /** Time of the earliest attempt after a failure; null: no queue waits. */
  get nextTryAtMs(): number | null {
    return this.queues.nextTryAtMs;
  }

  /** Sends nothing more. Settles when no message is on its way, or after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.isClosed = true;
    this.queues.close();
    if (this.sending > 0 && graceMs > 0) await this.quiet(graceMs);
    this.isOver = true;
  }

  private quiet(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.deps.clock.after(graceMs, resolve);
      this.onQuiet = () => {
        cancel();
        resolve();
      };
    });
  }

  private sendReady(): void {
    while (this.sending < MAX_SENDING) {
      const queue = this.queues.takeReady();
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

  private async sendFirst(queue: TenantQueue): Promise<void> {
    const message = this.firstOf(queue);
    if (message === 'unreadable') return this.queues.delay(queue, READ_AGAIN_MS);
    if (message === null) return this.queues.remove(queue);
    const delayMs = queue.isDue ? 0 : message.nextTryAtMs - this.deps.clock.nowMs();
    // The clock may have been set back since the time was written.
    if (delayMs > 0) return this.queues.delay(queue, Math.min(delayMs, LONGEST_DELAY_MS));
    queue.isDue = false;
    const attempt = await this.deps.send(message);
    if (this.isClosed && !attempt.ok) return;
    this.deps.tried(attempt.ok);
    if (attempt.ok) return this.accepted(queue, message);
    await this.notAccepted(queue, message, attempt);
  }

  private firstOf(queue: TenantQueue): OutboxMessage | 'unreadable' | null {
    try {
      return this.deps.outbox.head(this.url, queue.tenantId);
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'notifications cannot be read; will be tried again');
      return 'unreadable';
    }
  }

  /** The message must not be sent again, so its queue stops until its removal is written. */
  private async accepted(queue: TenantQueue, message: OutboxMessage): Promise<void> {
    if (this.isFailing) this.deps.logger.info({ receiver: this.receiver }, 'notifications are accepted again');
    this.isFailing = false;
    queue.failures = 0;
    await this.written(() => this.deps.outbox.accepted(message, this.deps.clock.nowMs()));
    this.queues.makeReady(queue);
  }

  private async notAccepted(
    queue: TenantQueue,
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
      return this.queues.makeReady(queue);
    }
    const delayMs = retryDelayMs(queue.failures, random(), retryAfterMs);
    this.queues.delay(queue, delayMs);
    this.note(() => outbox.failed(message, { atMs: nowMs, reason }, nowMs + delayMs));
  }

  /** Only the next server needs to know of a failure. */
  private note(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.deps.logger.debug({ err: error }, 'failure of a notification not written');
    }
  }

  /** Writes until it succeeds, or the delivery is over. */
  private async written(write: () => void): Promise<void> {
    const { clock, logger } = this.deps;
    if (this.isOver) return;
    for (let delayMs = WRITE_AGAIN_MS; !this.isOver; delayMs = Math.min(delayMs * 2, LONGEST_WRITE_AGAIN_MS)) {
      try {
        return write();
      } catch (error) {
        if (delayMs === LONGEST_WRITE_AGAIN_MS / 2)
          logger.warn({ err: error }, 'what became of a notification cannot be written; will be tried again');
      }
      await new Promise<void>((resolve) => clock.after(delayMs, resolve));
    }
    logger.error({ receiver: this.receiver }, 'what became of a notification was not written; it may be sent again');
  }

  private get receiver(): string {
    return receiverOf(this.url);
  }
}
