/** The process that an instance has now, or none: begun, blamed for its end, ended. Tells what happens as events. */
import type { Demand } from '../../core/admission/demand.ts';
import type { ExitReason, InstanceName, ProcessIdentity, ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { startTerms } from '../../core/lifecycle/start-terms.ts';
import type {
  Clock,
  LaunchedProcess,
  Launcher,
  LaunchRequest,
  ProcessExit,
  ProcessTable,
  Usage,
} from '../../core/ports.ts';
import { fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { StartSlots } from '../admission/start-slots.ts';
import type { StartTimes } from '../admission/start-times.ts';
import type { Blame, RecordKeeper } from '../instance/record-keeper.ts';
import { Attempt, type AttemptNews } from './attempt.ts';

/** Lines of output that are kept with an exit. */
const LAST_LINES = 20;
/** Before an end that failed is tried again, and how often it is while the process is gone. */
const END_AGAIN_MS = 1000;
const END_TRIES = 3;

/** What is recorded as the reason of an exit after such news. */
const REASONS = {
  'launch-failed': 'spawn_failed',
  'startup-timeout': 'startup_timeout',
  unfit: 'start_failed',
} as const;

export interface CurrentProcessOptions {
  readonly name: InstanceName;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: Launcher;
  readonly processTable: Pick<ProcessTable, 'isAlive'>;
  readonly slots: StartSlots;
  readonly startTimes: StartTimes;
  readonly records: RecordKeeper;
  request(): LaunchRequest;
  demand(): Demand;
  dispatch(event: LifecycleEvent): void;
}

export class CurrentProcess {
  usage: Usage | null = null;
  /** One that ran when this server started, to be taken up by `adopt`. */
  found: LaunchedProcess | null = null;
  private readonly options: CurrentProcessOptions;
  private attempt: Attempt | null = null;
  private blame: Blame | null = null;
  private ending = false;

  constructor(options: CurrentProcessOptions) {
    this.options = options;
  }

  /** It runs, or is about to, or its end has not been seen. */
  get exists(): boolean {
    return this.attempt !== null;
  }

  get launched(): LaunchedProcess | null {
    return this.attempt?.process ?? null;
  }

  get identity(): ProcessIdentity | null {
    return this.launched?.identity ?? null;
  }

  get record(): ProcessRecord | null {
    return this.launched?.record ?? null;
  }

  /** Whether it ran before this server did. */
  get isAdopted(): boolean {
    return this.found !== null && this.launched === this.found;
  }

  /** On which it was started, or is about to be; null while it waits for its turn, or when there is none. */
  get terms(): string | null {
    const request = this.attempt?.request ?? null;
    if (request === null) return null;
    return startTerms(this.record?.spec ?? this.options.launcher.spec(request), request.service);
  }

  /** Whether its start waits for its turn. */
  get waits(): boolean {
    return this.attempt?.waits === true;
  }

  launch(): void {
    this.begin(null);
  }

  /** @param suspended it is frozen, so it is not asked whether it is ready */
  adopt(suspended: boolean): void {
    this.begin(this.found, suspended);
  }

  /** Says why it is to end, then that it is. Once it is ending, the reason stands. */
  condemn(reason: ExitReason, detail: string, event: LifecycleEvent): void {
    if (this.ending) return;
    this.blame = { reason, detail };
    this.options.dispatch(event);
  }

  assignBlame(reason: ExitReason): void {
    this.blame ??= { reason, detail: null };
    if (reason === 'spawn_failed') this.noteExit({ code: null, signal: null });
  }

  /** Ends it and all that it started, then says `ended`. */
  async terminate(graceMs: number): Promise<void> {
    const { attempt } = this;
    this.ending = true;
    if (attempt !== null) await this.end(attempt, graceMs);
    // It was ended twice, and another has begun.
    if (this.attempt !== attempt) return;
    this.options.records.ended(attempt?.process?.lastLines(LAST_LINES) ?? null, this.terms);
    this.attempt = null;
    this.found = null;
    this.usage = null;
    this.options.dispatch({ type: 'ended' });
  }

  /** Tries again when it fails: as long as the process lives, there can be no other. */
  private async end(attempt: Attempt, graceMs: number): Promise<void> {
    const { clock, logger, processTable } = this.options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt.terminate(tries === 1 ? graceMs : 0);
      } catch (error) {
        fault(logger, error, { pid: attempt.process?.identity.pid });
      }
      const lives = attempt.process !== null && processTable.isAlive(attempt.process.identity);
      if (tries >= END_TRIES && !lives) return attempt.giveUp();
      await new Promise<void>((resolve) => clock.after(END_AGAIN_MS, resolve));
    }
  }

  /** Kills it, if it is ending; whether that succeeds, who ends it sees. */
  hurry(): void {
    if (this.ending) this.attempt?.terminate(0).catch(() => {});
  }

  /** Lets go of it: it lives on. Settles when none is about to be started. */
  async release(): Promise<void> {
    await this.attempt?.release();
  }

  private begin(adopted: LaunchedProcess | null, suspended = false): void {
    const { name: instance } = this.options;
    this.blame = null;
    this.ending = false;
    this.attempt = new Attempt({
      ...this.options,
      instance,
      adopted,
      suspended,
      report: (news) => this.receive(news),
    });
  }

  private receive(news: AttemptNews): void {
    const { dispatch, records } = this.options;
    switch (news.type) {
      case 'no-room':
      case 'ready':
        return dispatch(news);
      case 'launched':
        return records.launched(news.process.record);
      case 'exited':
        this.noteExit(news.exit);
        return dispatch({ type: 'exited', code: news.exit.code });
      default:
        return this.condemn(REASONS[news.type], news.detail, { type: news.type });
    }
  }

  private noteExit(exit: ProcessExit): void {
    this.options.records.exited(exit, this.blame, this.launched?.lastLines(LAST_LINES) ?? []);
  }
}
