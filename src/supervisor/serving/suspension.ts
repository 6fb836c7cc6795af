/**
 * The time in which a process is frozen: how long it may last, and what wakes it besides a request. A front server may
 * send one on a connection that it has kept, past the activation socket, to a process that cannot read it.
 */
import type { Clock, LaunchedProcess } from '../../core/ports.ts';
import type { ConnectionCounts } from '../activity/direct-traffic.ts';

export interface SuspensionOptions {
  readonly clock: Clock;
  /** Connections to each socket, by the path that was bound. */
  connections(): ConnectionCounts;
  /** Something has come in that the process has to read. */
  onNeeded(): void;
  /** It was killed; it will be gone as soon as it goes on. */
  onKilled(): void;
  /** It has lasted for long enough. */
  onOver(): void;
}

export class Suspension {
  private readonly options: SuspensionOptions;
  private process: LaunchedProcess | null = null;
  /** Counts how often it was frozen. */
  private times = 0;
  private sinceMs = 0;
  private overAtMs: number | null = null;
  private cancel = () => {};
  private asking = false;
  /** So many connections nobody can send anything on any more. */
  private closed = 0;

  constructor(options: SuspensionOptions) {
    this.options = options;
  }

  /** When its process ends, ms since the epoch; null: never, or it is not suspended. */
  get endsAtMs(): number | null {
    return this.process === null ? null : this.overAtMs;
  }

  /** @param sinceMs when it became one, ms since the epoch */
  begin(process: LaunchedProcess, sinceMs: number, timeoutMs: number): void {
    this.process = process;
    this.times += 1;
    this.sinceMs = sinceMs;
    this.closed = 0;
    this.renew(timeoutMs);
  }

  /** The time-out may be another now. @param timeoutMs 0: never */
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

  /** Whether its process takes SIGKILL, and nothing else, when it goes on. */
  get isKilled(): boolean {
    return this.process?.isKilled() === true;
  }

  /** Asks for what came in, while somebody may send something. */
  async look(): Promise<void> {
    const { process, times } = this;
    if (process === null || this.asking) return;
    if (process.isKilled()) return this.options.onKilled();
    const open = this.options.connections().get(process.record.bindSocket) ?? 0;
    if (open <= this.closed) return;
    this.asking = true;
    // Not known: it is asked again.
    const inbox = await process.inbox().catch(() => 'open' as const);
    this.asking = false;
    // It may have been thawed meanwhile, and frozen again.
    if (this.process === null || this.times !== times) return;
    this.closed = inbox === 'closed' ? open : 0;
    if (inbox === 'unread') this.options.onNeeded();
  }
}
