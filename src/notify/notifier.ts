/** Delivers the messages of the outbox to the targets of the config. Loaded only when there are any. */
import { randomUUID } from 'node:crypto';
import type { Actor } from '../core/access/actor.ts';
import { messageBody, messageId } from '../core/notify/message.ts';
import type { NotifyCounts, NotifyTargetView, NotifyTestResult } from '../core/notify/notify-port.ts';
import { type NotifyTarget, receiverOf } from '../core/notify/notify-target.ts';
import type { Clock } from '../core/ports.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { Outbox } from '../core/stores/outbox.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createResolver, type Resolve } from './guarded-lookup.ts';
import { LossReports } from './loss-reports.ts';
import { TargetDelivery } from './target-delivery.ts';
import { Webhook } from './webhook.ts';

export interface NotifierDeps {
  readonly outbox: Outbox;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  random(): number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** How long a receiver has for its answer; default: 15 s. */
  readonly timeoutMs?: number;
}

interface Followed {
  target: NotifyTarget;
  readonly webhook: Webhook;
  readonly delivery: TargetDelivery;
  delivered: number;
  failed: number;
}

export class Notifier {
  private readonly deps: NotifierDeps;
  private readonly resolve: Resolve;
  private readonly followed = new Map<string, Followed>();
  private readonly losses: LossReports;

  constructor(deps: NotifierDeps) {
    this.deps = deps;
    this.resolve = deps.resolve ?? createResolver();
    this.losses = new LossReports(deps);
    deps.outbox.listen({
      added: (url, tenantId) => this.followed.get(url)?.delivery.wake(tenantId),
      dropped: (url, count) => this.losses.note('notify-dropped', receiverOf(url), count, null),
    });
  }

  /** Replaces the targets. What is on its way to a target that stays goes on. */
  apply(targets: readonly NotifyTarget[]): void {
    const urls = new Set(targets.map(({ url }) => url));
    for (const [url, { delivery, webhook }] of this.followed) {
      if (urls.has(url)) continue;
      this.followed.delete(url);
      void delivery.close(0);
      void webhook.destroy();
    }
    for (const target of targets) {
      const present = this.followed.get(target.url);
      if (present === undefined) this.begin(target);
      else if (!isSame(present.target, target)) change(present, target);
    }
  }

  async list(): Promise<NotifyTargetView[]> {
    return Array.from(this.followed.values(), ({ target, delivery }) => {
      const { lastSuccessAtMs, lastFailure, ...counts } = this.deps.outbox.history(target.url);
      return {
        url: target.url,
        events: target.events ?? ['*'],
        isSigned: target.secretFile !== null,
        allowPrivate: target.allowPrivate,
        ...counts,
        lastSuccessAt: iso(lastSuccessAtMs),
        lastFailureAt: iso(lastFailure?.atMs ?? null),
        lastFailure: lastFailure?.reason ?? null,
        nextTryAt: iso(delivery.nextTryAtMs),
      };
    });
  }

  counts(): NotifyCounts[] {
    const byReceiver = new Map<string, NotifyCounts>();
    for (const [url, { delivered, failed }] of this.followed) {
      const receiver = receiverOf(url);
      const pending = this.deps.outbox.pending(url);
      const sum = byReceiver.get(receiver) ?? { receiver, pending: 0, delivered: 0, failed: 0 };
      byReceiver.set(receiver, {
        receiver,
        pending: sum.pending + pending,
        delivered: sum.delivered + delivered,
        failed: sum.failed + failed,
      });
    }
    return [...byReceiver.values()];
  }

  /** @throws {TenementError} `unknown_receiver` */
  test(url: string | undefined, by: Actor): Promise<NotifyTestResult[]> {
    const meant = [...this.followed.values()].filter(({ target }) => url === undefined || isUrl(url, target.url));
    if (meant.length === 0) throw unknownReceiver(url);
    const id = `test_${randomUUID()}`;
    const body = this.testBody(by);
    return Promise.all(meant.map(({ target, webhook }) => testOne(target.url, webhook, { id, body })));
  }

  /** Sends nothing more, and waits for answers to what is on its way: up to `graceMs`, or until `hurry` aborts. */
  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.losses.close();
    const all = [...this.followed.values()];
    const hurried = new Promise<void>((resolve) => {
      hurry?.addEventListener('abort', () => resolve(), { once: true });
      if (hurry?.aborted === true) resolve();
    });
    await Promise.race([Promise.all(all.map(({ delivery }) => delivery.close(graceMs))), hurried]);
    await Promise.all(all.map(({ webhook }) => webhook.destroy()));
  }

  private testBody({ name: actor, tokenId, address }: Actor): string {
    const about = { instance: null, tenant: null, message: 'a test that an operator asked for', data: {} };
    return messageBody({
      seq: 0,
      atMs: this.deps.clock.nowMs(),
      type: 'test',
      ...about,
      actor,
      tokenId,
      address,
    });
  }

  private begin(target: NotifyTarget): void {
    const { outbox, clock, logger, random, timeoutMs } = this.deps;
    const webhook = new Webhook(target, {
      clock,
      resolve: this.resolve,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const delivery = new TargetDelivery(target, {
      outbox,
      clock,
      logger,
      random,
      send: (message) => webhook.send(messageId(message), message.body),
      tried: (ok) => {
        if (ok) followed.delivered += 1;
        else followed.failed += 1;
      },
      givenUp: (reason) => this.losses.note('notify-given-up', receiverOf(target.url), 1, reason),
    });
    const followed: Followed = { target, webhook, delivery, delivered: 0, failed: 0 };
    this.followed.set(target.url, followed);
    delivery.start();
  }
}

async function testOne(url: string, webhook: Webhook, { id, body }: { id: string; body: string }) {
  const begunMs = performance.now();
  const { retryAfterMs: _, ...result } = await webhook.send(id, body);
  return { url, ...result, durationMs: Math.round(performance.now() - begunMs) };
}

function change(followed: Followed, target: NotifyTarget): void {
  followed.target = target;
  followed.webhook.reconfigure(target);
  followed.delivery.retryNow();
}

function isSame(one: NotifyTarget, other: NotifyTarget): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Compares as the config does, which brings URLs into their normal form. */
function isUrl(given: string, url: string): boolean {
  return given === url || (URL.canParse(given) && new URL(given).href === url);
}

function unknownReceiver(url: string | undefined): TenementError {
  if (url === undefined) return new TenementError('unknown_receiver', 'the config has no [[notify]]');
  return new TenementError('unknown_receiver', `no [[notify]] has the url ${JSON.stringify(url.slice(0, 300))}`);
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
