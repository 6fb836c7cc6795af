/** A notifier over a registry in memory, with a clock that the test advances. */
import type { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { SYSTEM } from '../../src/core/access/actor.ts';
import type { EventType } from '../../src/core/lifecycle/event-types.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import type { NotifyTarget } from '../../src/core/notify/notify-target.ts';
import { silentLogger } from '../../src/logger.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createEventLog } from '../../src/registry/events/events.ts';
import { RegistryOutbox } from '../../src/registry/events/outbox.ts';
import { FakeClock } from '../supervisor/fakes.ts';

export interface NotifyingOptions {
  readonly database?: DatabaseSync;
  readonly clock?: FakeClock;
  readonly maxPending?: number;
  readonly timeoutMs?: number;
}

/** An event log whose events become messages for `targets`, which are delivered from `start` on. */
export function notifying(targets: readonly NotifyTarget[], options: NotifyingOptions = {}) {
  const { database = openDatabase(':memory:'), clock = new FakeClock(), maxPending = 10_000 } = options;
  const logger = silentLogger();
  const outbox = new RegistryOutbox(database, { maxPending });
  const events = createEventLog(database, { clock, logger, outbox });
  outbox.follow(targets);
  let notifier: Notifier | null = null;
  const start = () => {
    notifier = new Notifier({
      outbox,
      events,
      clock,
      logger,
      random: () => 0,
      timeoutMs: options.timeoutMs ?? 60_000,
    });
    notifier.apply(targets);
    onTestFinished(() => notifier?.close(0));
    return notifier;
  };
  const add = (type: EventType, instance: InstanceName | null = 'api:acme') =>
    events.append({ atMs: clock.nowMs(), type, instance, message: '', data: {}, by: SYSTEM });
  return { database, clock, outbox, events, start, add };
}

export function targetAt(url: string, other: Partial<NotifyTarget> = {}): NotifyTarget {
  return { url, events: null, secretFile: null, allowPrivate: true, ...other };
}
