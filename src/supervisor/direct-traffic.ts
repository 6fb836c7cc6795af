/**
 * What goes straight to the socket of one instance, past the proxy: known from outside, by who connected, by what is
 * connected, and by whether the process ran. Errs on the side of activity.
 */
import type { LaunchedProcess } from '../core/ports.ts';
import type { OwnConnections } from './own-connections.ts';

/**
 * Between two looks, with a connection open: more is taken for a request. A request takes a Node or Python
 * application 0.5 to 2 ms; one that idles takes none, or a few microseconds for a timer.
 */
export const BUSY_MS = 0.1;

/** By the path that was bound. */
export type ConnectionCounts = ReadonlyMap<string, number>;

export class DirectTraffic {
  /** Connections that are not tenement's own, at the last look. */
  open = 0;
  /** Of those, how many are known to be kept by a front server for later, with nobody waiting. */
  private resting = 0;
  private readonly ownConnections: OwnConnections;
  private process: LaunchedProcess | null = null;
  private generation = 0;
  private runTimeMs = 0;
  /** Whether there may be connections: somebody connected, and not all were seen to be gone. */
  private exposed = false;

  /** @param own tenement's, which do not count */
  constructor(own: OwnConnections) {
    this.ownConnections = own;
  }

  /** @param found whether it ran before this server did: who connected to it until now was not seen */
  begin(process: LaunchedProcess, generation: number, found: boolean): void {
    this.process = process;
    this.generation = generation;
    this.exposed = found;
    this.runTimeMs = 0;
    this.resting = 0;
  }

  /** Those on which somebody may wait for something. */
  get busy(): number {
    return this.open - this.resting;
  }

  /** All that are open are at rest, until something moves. */
  rest(): void {
    this.resting = this.open;
  }

  /** What was seen last: while nothing of it changes, nothing has moved. */
  get atRest(): { readonly open: number; readonly ranMs: number } | null {
    return this.resting > 0 && this.busy === 0 ? { open: this.open, ranMs: this.runTimeMs } : null;
  }

  /** Returns whether there was any since the last look. `counts` is asked only where something may be open. */
  look(counts: () => ConnectionCounts): boolean {
    const { process } = this;
    if (process === null) return false;
    const connected = process.wasConnected();
    // The proxy's own connections are told by the same sign, and by its requests.
    const stranger = !this.ownConnections.takeRecent(this.generation) && connected;
    if (!connected && !this.exposed) return false;
    this.open = this.count(process, counts());
    this.exposed = this.open > 0;
    const active = this.hasRun(process) || stranger;
    this.resting = active ? 0 : Math.min(this.resting, this.open);
    return active;
  }

  /** Connections that are not tenement's own, now. */
  countNow(counts: ConnectionCounts): number {
    return this.process === null ? 0 : this.count(this.process, counts);
  }

  /** Whether somebody may be connected, so that counting is worth it. */
  mayBeOpen(): boolean {
    if (this.process?.wasConnected() === true) this.exposed = true;
    return this.exposed;
  }

  /** How long its process has run, in ms. */
  get ranMs(): number {
    return this.process?.runTimeMs() ?? 0;
  }

  private count(process: LaunchedProcess, counts: ConnectionCounts): number {
    return Math.max(0, (counts.get(process.record.bindSocket) ?? 0) - this.ownConnections.count(this.generation));
  }

  private hasRun(process: LaunchedProcess): boolean {
    if (this.open === 0) return false;
    const before = this.runTimeMs;
    this.runTimeMs = process.runTimeMs();
    return before > 0 && this.runTimeMs - before > BUSY_MS;
  }
}
