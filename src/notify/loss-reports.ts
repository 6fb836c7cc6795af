/** Reports messages that will never be delivered: the first of a target at once, later ones together every hour. */
import { SYSTEM } from '../core/access/actor.ts';
import type { EventType } from '../core/lifecycle/event-types.ts';
import type { Clock } from '../core/ports.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { Logger } from '../logger.ts';

const EVERY_MS = 3_600_000;

export type Loss = Extract<EventType, 'notify-dropped' | 'notify-given-up'>;

const SENTENCES: Readonly<Record<Loss, (count: string, receiver: string) => string>> = {
  'notify-dropped': (count, receiver) => `${count} for ${receiver} dropped: too many were waiting`,
  'notify-given-up': (count, receiver) => `${count} for ${receiver} given up: not accepted for three days`,
};

interface LossReportsDeps {
  readonly clock: Clock;
  readonly events: Pick<EventLog, 'append'>;
  readonly logger: Logger;
}

interface Report {
  count: number;
  reason: string | null;
  cancel(): void;
}

export class LossReports {
  private readonly deps: LossReportsDeps;
  private readonly reports = new Map<string, Report>();

  constructor(deps: LossReportsDeps) {
    this.deps = deps;
  }

  /** @param reason why the last attempt failed; null: not tried */
  note(type: Loss, receiver: string, count: number, reason: string | null): void {
    const key = `${type} ${receiver}`;
    const present = this.reports.get(key);
    if (present !== undefined) {
      present.count += count;
      present.reason = reason;
      return;
    }
    const report: Report = { count, reason, cancel: () => {} };
    this.reports.set(key, report);
    // Later, because losses are noted while the event log writes.
    report.cancel = this.deps.clock.after(0, () => this.say(type, receiver, report));
  }

  close(): void {
    for (const { cancel } of this.reports.values()) cancel();
  }

  private say(type: Loss, receiver: string, report: Report): void {
    const { clock, events, logger } = this.deps;
    if (report.count === 0) return void this.reports.delete(`${type} ${receiver}`);
    const { count, reason } = report;
    const message = SENTENCES[type](count === 1 ? '1 notification' : `${count} notifications`, receiver);
    const data = { receiver, count, ...(reason !== null && { reason }) };
    logger.error(data, type === 'notify-dropped' ? 'notifications dropped' : 'notifications given up');
    events.append({ atMs: clock.nowMs(), type, instance: null, message, data, by: SYSTEM });
    report.count = 0;
    report.cancel = clock.after(EVERY_MS, () => this.say(type, receiver, report));
  }
}
