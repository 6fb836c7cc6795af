/**
 * One life of an instance's process, from waiting for a slot, or from being found running, until nothing is left of it.
 */
import type { Demand } from '../../core/admission/demand.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type {
  Clock,
  LaunchedProcess,
  Launcher,
  LaunchRequest,
  LaunchResult,
  ProbeResult,
  ProcessExit,
  ProcessHooks,
} from '../../core/ports.ts';
import { fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import { StartPlace } from '../admission/start-place.ts';
import type { StartSlots } from '../admission/start-slots.ts';
import type { StartTimes } from '../admission/start-times.ts';

/**
 * Progress of an attempt. `launched`: the child runs, and is not ready yet. `unfit`: it runs, but cannot be relied on.
 */
export type AttemptEvent =
  | { readonly type: 'no-room' }
  | { readonly type: 'launched'; readonly process: LaunchedProcess }
  | { readonly type: 'ready' }
  | { readonly type: 'launch-failed' | 'startup-timeout' | 'unfit'; readonly detail: string }
  | { readonly type: 'exited'; readonly exit: ProcessExit };

export interface AttemptOptions {
  readonly launcher: Pick<Launcher, 'launch'>;
  readonly instance: InstanceName;
  /** Read when the attempt's turn has come, because the config may have changed by then. */
  request(): LaunchRequest;
  /** Returns the current demand. */
  demand(): Demand;
  /** A process that runs already, and is taken over; null: one is launched. */
  readonly adopted: LaunchedProcess | null;
  /** Whether the adopted process is frozen, so that readiness is not checked. */
  readonly suspended: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly slots: Pick<StartSlots, 'acquire' | 'adopt' | 'started' | 'ended'>;
  readonly startTimes: StartTimes;
  /** null: there are none. */
  readonly processHooks: ProcessHooks | null;
  report(news: AttemptEvent): void;
}

export class Attempt {
  process: LaunchedProcess | null = null;
  /** The request it is started with; null while it waits for its turn. */
  request: LaunchRequest | null = null;
  private readonly options: AttemptOptions;
  private readonly abort = new AbortController();
  private readonly begun: Promise<void>;
  private timedOut = false;
  private granted = false;
  /** Whether the host program has been asked for a process, and has not refused it. */
  private isAccepted = false;
  /** Whether reports about the process are dropped, because another may be running by then. */
  private over = false;

  constructor(options: AttemptOptions) {
    this.options = options;
    const begun = options.adopted === null ? this.launch() : this.adopt(options.adopted);
    this.begun = begun.catch((error) => this.broken(error));
  }

  /** Whether it still waits for its turn to start. */
  get waits(): boolean {
    return !this.granted;
  }

  /**
   * Ends the attempt in any phase; settles when nothing is left of it. A second call with a shorter grace speeds it up.
   */
  async terminate(graceMs: number): Promise<void> {
    this.abort.abort();
    await this.begun;
    await this.process?.terminate(graceMs);
    this.giveUp();
  }

  /** Gives back its slot, because nothing is left of it, as far as is known. */
  giveUp(): void {
    this.over = true;
    if (this.granted) this.options.slots.ended();
    this.granted = false;
  }

  /** Gives the process up, which lives on even if it is not ready. A waiting start is cancelled. */
  async release(): Promise<void> {
    this.abort.abort();
    await this.begun;
    this.process?.release();
  }

  private async launch(): Promise<void> {
    const { slots, report, demand } = this.options;
    const answer = await slots.acquire(this.abort.signal, demand);
    if (answer === 'no-room') report({ type: 'no-room' });
    if (answer !== 'granted') return;
    this.granted = true;
    if (this.options.processHooks !== null && !(await this.accepted(this.options.processHooks))) return;
    this.request = this.options.request();
    const place = new StartPlace({ ...this.options, service: this.request.service });
    const result = await this.launched(this.request);
    if (!result.ok) {
      place.leave();
      return report({ type: 'launch-failed', detail: result.detail });
    }
    this.take(result.process);
    place.watch(result.process);
    report({ type: 'launched', process: result.process });
    void this.awaitReady(result.process, this.request, () => place.ready())
      .catch((error) => this.broken(error))
      .finally(() => place.leave());
  }

  /** Asks the host program. A start that was ended meanwhile is not accepted. */
  private async accepted(hooks: ProcessHooks): Promise<boolean> {
    const { instance, report } = this.options;
    const detail = await hooks.beforeStart(instance, this.abort.signal);
    this.isAccepted = detail === null;
    if (detail !== null && !this.over && !this.abort.signal.aborted) report({ type: 'launch-failed', detail });
    return this.isAccepted && !this.abort.signal.aborted;
  }

  /** Lets the host program clean up. Nothing of the process is left. @param hurry when it aborts, that is not waited for */
  async cleanUp(hurry: AbortSignal): Promise<void> {
    const { processHooks, instance } = this.options;
    if (processHooks === null || !this.isAccepted) return;
    this.isAccepted = false;
    await processHooks.afterStop(instance, hurry);
  }

  private async launched(request: LaunchRequest): Promise<LaunchResult> {
    const { launcher, logger } = this.options;
    try {
      return await launcher.launch(request);
    } catch (error) {
      fault(logger, error, { instance: request.instance });
      return { ok: false, detail: `an internal error of tenement: ${String(error)}` };
    }
  }

  private async adopt(process: LaunchedProcess): Promise<void> {
    this.options.slots.adopt();
    this.granted = true;
    this.isAccepted = true;
    const request = this.options.request();
    this.request = request;
    this.take(process);
    // Deferred until the creator has this attempt: an adopted process may be gone already.
    await Promise.resolve();
    if (!this.options.suspended) this.awaitReady(process, request).catch((error) => this.broken(error));
  }

  /** Handles an unexpected error during the start: there is no process, or it cannot be relied on. */
  private broken(error: unknown): void {
    const { report, logger, instance } = this.options;
    fault(logger, error, { instance });
    const detail = `an internal error of tenement: ${error instanceof Error ? error.message : String(error)}`;
    if (this.over) return;
    report({ type: this.process === null ? 'launch-failed' : 'unfit', detail });
  }

  private take(process: LaunchedProcess): void {
    this.process = process;
    void process.exited.then((exit) => {
      if (!this.over) this.options.report({ type: 'exited', exit });
    });
  }

  private async awaitReady(process: LaunchedProcess, request: LaunchRequest, onSuccess = () => {}): Promise<void> {
    const { clock, report } = this.options;
    const cancelTimer = clock.after(request.service.startupTimeoutMs, () => {
      this.timedOut = true;
      this.abort.abort();
    });
    const result: ProbeResult = await process.waitReady(this.abort.signal);
    cancelTimer();
    if (result.ok) {
      onSuccess();
      report({ type: 'ready' });
      return;
    }
    if (this.timedOut) report({ type: 'startup-timeout', detail: result.detail });
    else if (!this.abort.signal.aborted) report({ type: 'unfit', detail: result.detail });
  }
}
