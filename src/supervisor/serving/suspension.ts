/**
 * The time in which a process is frozen: how long it may last, and what wakes the process besides a request. A front
 * server may send a request on a kept connection, past the activation socket, to a process that cannot read it.
 */
import type { Clock, LaunchedProcess } from '../../core/ports.ts';
import type { ConnectionCounts } from '../activity/direct-traffic.ts';

export interface SuspensionOptions {
  readonly clock: Clock;
  /** Returns the number of connections to each socket, by bound path. */
  connections(): ConnectionCounts;
  /** Whether its public socket is served by tenement alone. */
  isProxied(): boolean;
  /** The process has unread input. */
  onNeeded(): void;
  /** The process was killed, and will be gone when it is resumed. */
  onKilled(): void;
  /** The suspension has lasted long enough. */
  onOver(): void;
}

export class Suspension {
  private readonly options: SuspensionOptions;
  private process: LaunchedProcess | null = null;
  /** How many times a process was frozen. */
  private times = 0;
  private sinceMs = 0;
  private overAtMs: number | null = null;
  private cancel = () => {};
  private asking = false;
  /** Whether clients may be connected to the process directly. With `proxied` they can only leave. */
  mayBeDirect = true;
  /** Number of connections at the last look, when no client could send anything on them any more. */
  private closed = 0;

  constructor(options: SuspensionOptions) {
    this.options = options;
  }

  /** When its process ends, ms since the epoch; null: never, or it is not suspended. */
  get endsAtMs(): number | null {
    return this.process === null ? null : this.overAtMs;
  }

  /**
   * @param sinceMs start of the suspension, ms since the epoch
   * @param mayBeDirect whether clients may be connected to the process directly
   */
  begin(process: LaunchedProcess, sinceMs: number, timeoutMs: number, mayBeDirect: boolean): void {
    this.process = process;
    this.mayBeDirect = mayBeDirect;
    this.times += 1;
    this.sinceMs = sinceMs;
    this.closed = 0;
    this.renew(timeoutMs);
  }

  /** Its public socket is served by another from now on. */
  switched(): void {
    this.mayBeDirect = true;
  }

  /** Applies a changed time-out. @param timeoutMs 0: never */
  renew(timeoutMs: number): void {
    const { clock, onOver } = this.options;
    this.cancel();
    if (this.process === null) return;
    this.overAtMs = timeoutMs === 0 ? null : this.sinceMs + timeoutMs;
    if (this.overAtMs !== null) this.cancel = clock.after(Math.max(0, this.overAtMs - clock.nowMs()), onOver);
  }

  end(): void {
    this.cancel();
    this.process = null;
  }

  /** Whether its process has a pending SIGKILL, and will end when it is resumed. */
  get isKilled(): boolean {
    return this.process?.isKilled() === true;
  }

  /** Checks for input, while any client may send something. */
  async look(): Promise<void> {
    const { process, times } = this;
    if (process === null || this.asking) return;
    if (process.isKilled()) return this.options.onKilled();
    if (!this.mayBeDirect) return;
    const open = this.options.connections().get(process.record.bindSocket) ?? 0;
    this.mayBeDirect = open > 0 || !this.options.isProxied();
    if (open <= this.closed) return;
    this.asking = true;
    // Unknown, so it is checked again.
    const inboundState = await process.inboundState().catch(() => 'open' as const);
    this.asking = false;
    // The process may have been resumed meanwhile, and frozen again.
    if (this.process === null || this.times !== times) return;
    this.closed = inboundState === 'closed' ? open : 0;
    if (inboundState === 'unread') this.options.onNeeded();
  }
}
