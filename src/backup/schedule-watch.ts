/** Starts a run at each time of the schedule, also when the machine slept or no server ran at that time. */
import type { BackupSchedule } from '../core/backup/backup-config.ts';
import { judgeSchedule, spreadMs } from '../core/backup/schedule.ts';
import type { Clock } from '../core/ports.ts';
import type { BackupStore } from '../core/stores/backup-store.ts';
import { attempt, detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { nextTimeMs } from '../node/cron.ts';

export interface ScheduleWatchOptions {
  readonly clock: Clock;
  readonly store: Pick<BackupStore, 'lastRunAtMs' | 'saveLastRun'>;
  readonly logger: Logger;
  /** Name of the server. */
  readonly server: string;
  readonly schedule: BackupSchedule;
  run(): Promise<void>;
}

export class ScheduleWatch {
  private readonly options: ScheduleWatchOptions;
  private cancel: (() => void) | null = null;
  private isRunning = false;
  private isEnded = false;

  constructor(options: ScheduleWatchOptions) {
    this.options = options;
  }

  begin(): void {
    this.look();
  }

  end(): void {
    this.isEnded = true;
    this.cancel?.();
  }

  private look(): void {
    if (this.isEnded) return;
    const { clock, store, logger, server, schedule } = this.options;
    const { cron, timezone } = schedule;
    const last = attempt(logger, { part: 'backup' }, () => store.lastRunAtMs()) ?? null;
    const due = judgeSchedule(last, clock.nowMs(), spreadMs(cron, server), (afterMs) =>
      nextTimeMs(cron, timezone, afterMs),
    );
    // Written before the run: a run that ends the server must not begin again and again.
    if (due.lastRunAtMs !== last) attempt(logger, { part: 'backup' }, () => store.saveLastRun(due.lastRunAtMs));
    if (due.isDue) this.start();
    this.cancel = clock.after(due.lookInMs, () => this.look());
  }

  private start(): void {
    const { logger, run } = this.options;
    if (this.isRunning) {
      logger.warn({ part: 'backup' }, 'the last backup of all tenants is still under way, so this one is left out');
      return;
    }
    this.isRunning = true;
    const over = run().finally(() => {
      this.isRunning = false;
    });
    detached(logger, { part: 'backup' }, over);
  }
}
