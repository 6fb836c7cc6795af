/**
 * The process that an instance has now, or none: started, blamed for its end, ended. Reports what happens as events.
 */
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
  ProcessHooks,
  ProcessTable,
  Usage,
} from '../../core/ports.ts';
import type { InstanceUsage } from '../../core/usage/usage-recorder.ts';
import { attempt as attempted, fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { StartSlots } from '../admission/start-slots.ts';
import type { StartTimes } from '../admission/start-times.ts';
import type { Blame, RecordKeeper } from '../instance/record-keeper.ts';
import { Attempt, type AttemptEvent } from './attempt.ts';

/** How many lines of output are kept with an exit. */
const LAST_LINES = 20;
/** Delay before a failed end is tried again, and how many tries there are when the process is gone. */
const END_AGAIN_MS = 1000;
const END_TRIES = 3;

/** Exit reason that is recorded for each kind of news. */
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
  /** null: there are none. */
  readonly processHooks: ProcessHooks | null;
  readonly records: RecordKeeper;
  /** Measures each process. */
  readonly meter: Pick<InstanceUsage, 'launched' | 'adopted' | 'ended'>;
  request(): LaunchRequest;
  demand(): Demand;
  dispatch(event: LifecycleEvent): void;
}

export class CurrentProcess {
  usage: Usage | null = null;
  /** A process that ran when this server started, for `adopt`. */
  found: LaunchedProcess | null = null;
  private readonly options: CurrentProcessOptions;
  private attempt: Attempt | null = null;
  private blame: Blame | null = null;
  private ending = false;
  /** Aborts when the end of the process is not to wait for the host program. */
  private hurried = new AbortController();

  constructor(options: CurrentProcessOptions) {
    this.options = options;
  }

  /** Whether a process runs, is about to, or has an end that was not seen. */
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

  /** Whether the process ran before this server did. */
  get isAdopted(): boolean {
    return this.found !== null && this.launched === this.found;
  }

  /** Terms of the start; null while it waits for its turn, or without a process. */
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

  /** @param suspended whether it is frozen, so that readiness is not checked */
  adopt(suspended: boolean): void {
    this.begin(this.found, suspended);
  }

  /** Records why the process is to end, then dispatches the event. The reason stands once it is ending. */
  condemn(reason: ExitReason, detail: string, event: LifecycleEvent): void {
    if (this.ending) return;
    this.blame = { reason, detail };
    this.options.dispatch(event);
  }

  assignBlame(reason: ExitReason): void {
    this.blame ??= { reason, detail: null };
    if (reason === 'spawn_failed') this.noteExit({ code: null, signal: null });
  }

  /** Ends the process with all that it started, then dispatches `ended`. */
  async terminate(graceMs: number): Promise<void> {
    const { attempt } = this;
    this.ending = true;
    if (attempt !== null) await this.end(attempt, graceMs);
    if (attempt !== null && this.options.processHooks !== null) await attempt.cleanUp(this.hurried.signal);
    // It was ended twice, and another attempt has begun.
    if (this.attempt !== attempt) return;
    this.options.records.ended(attempt?.process?.lastLines(LAST_LINES) ?? null, this.terms);
    this.noteUse(attempt?.process ?? null);
    this.attempt = null;
    this.found = null;
    this.usage = null;
    this.options.dispatch({ type: 'ended' });
  }

  /** Takes the last readings, which the process has left with its end. */
  private noteUse(process: LaunchedProcess | null): void {
    const { meter, logger, name: instance } = this.options;
    if (process !== null) attempted(logger, { instance }, () => meter.ended(process.usage()));
  }

  /** Retries a failed end: while the process lives, no other may start. */
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

  /** Kills a process that is ending. The call that ends it sees the outcome. */
  hurry(): void {
    if (this.ending) this.attempt?.terminate(0).catch(() => {});
    this.hurried.abort();
  }

  /** Gives the process up, which lives on. Settles when no start is under way. */
  async release(): Promise<void> {
    await this.attempt?.release();
  }

  private begin(adopted: LaunchedProcess | null, suspended = false): void {
    const { name: instance } = this.options;
    this.blame = null;
    this.ending = false;
    this.hurried = new AbortController();
    if (adopted !== null) this.options.meter.adopted(adopted, suspended);
    this.attempt = new Attempt({
      ...this.options,
      instance,
      adopted,
      suspended,
      report: (news) => this.receive(news),
    });
  }

  private receive(news: AttemptEvent): void {
    const { dispatch, records } = this.options;
    switch (news.type) {
      case 'no-room':
      case 'ready':
        return dispatch(news);
      case 'launched':
        this.options.meter.launched(news.process);
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
