/** One life of an instance's process, from waiting for a slot to nothing left of it. */
import type { Clock, LaunchedProcess, Launcher, LaunchRequest, ProcessExit } from '../core/ports.ts';
import type { StartSlots } from './start-slots.ts';

export interface AttemptHooks {
  onNoRoom(): void;
  onLaunchFailed(detail: string): void;
  /** The child runs; it is not ready yet. */
  onLaunched(process: LaunchedProcess): void;
  onReady(process: LaunchedProcess): void;
  onStartupTimeout(detail: string): void;
  onExited(exit: ProcessExit): void;
}

export interface AttemptOptions {
  readonly launcher: Launcher;
  readonly request: LaunchRequest;
  readonly clock: Clock;
  readonly slots: Pick<StartSlots, 'acquire' | 'started' | 'ended'>;
  readonly hooks: AttemptHooks;
}

export class Attempt {
  process: LaunchedProcess | null = null;
  private readonly options: AttemptOptions;
  private readonly abort = new AbortController();
  private readonly launched: Promise<void>;
  private timedOut = false;
  private granted = false;

  constructor(options: AttemptOptions) {
    this.options = options;
    this.launched = this.launch();
  }

  /** Ends it, wherever it is; settles when nothing of it is left. A second call with a shorter grace hurries it. */
  async terminate(graceMs: number): Promise<void> {
    this.abort.abort();
    await this.launched;
    await this.process?.terminate(graceMs);
    if (this.granted) this.options.slots.ended();
    this.granted = false;
  }

  private async launch(): Promise<void> {
    const { slots, hooks, launcher, request } = this.options;
    const answer = await slots.acquire(this.abort.signal);
    if (answer === 'no-room') hooks.onNoRoom();
    if (answer !== 'granted') return;
    this.granted = true;
    const result = await launcher.launch(request);
    if (!result.ok) {
      slots.started();
      return hooks.onLaunchFailed(result.detail);
    }
    this.process = result.process;
    hooks.onLaunched(result.process);
    void result.process.exited.then((exit) => hooks.onExited(exit));
    void this.awaitReady(result.process);
  }

  private async awaitReady(process: LaunchedProcess): Promise<void> {
    const { clock, request, slots, hooks } = this.options;
    const cancelTimer = clock.after(request.service.startupTimeoutMs, () => {
      this.timedOut = true;
      this.abort.abort();
    });
    const result = await process.waitReady(this.abort.signal);
    cancelTimer();
    slots.started();
    if (result.ok) hooks.onReady(process);
    else if (this.timedOut) hooks.onStartupTimeout(result.detail);
  }
}
