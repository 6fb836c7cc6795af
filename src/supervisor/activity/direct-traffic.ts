/**
 * What goes straight to the socket of one instance, past the proxy: known from outside, by who connected, by what is
 * connected, and by whether the process ran. Errs on the side of activity.
 */
import type { LaunchedProcess } from '../../core/ports.ts';
import type { OwnConnections } from './own-connections.ts';

/**
 * Between two looks, with a connection open: more is taken for a request. A request takes a Node or Python
 * application 0.5 to 2 ms; one that idles takes none, or a few microseconds for a timer.
 */
export const BUSY_MS = 0.1;
/**
 * What a process does in the second after it has answered a probe, at most: Node wakes up once more at the end of that
 * second, for the `Date` of its next answer, which takes it 0.1 to 0.7 ms.
 */
const AFTERMATH_MS = 1;
const AFTERMATH_LASTS_MS = 1100;

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
  /** When that was looked up, ms since the epoch. */
  private lookedAtMs = 0;
  /** Whether there may be connections: somebody connected, and not all were seen to be gone. */
  private exposed = false;
  /** While tenement's own probe is answered, what the process runs is taken for that. */
  private probing = false;
  /** Whether it had run when that began, which was not told yet. */
  private ranBefore = false;
  private probedAtMs = Number.NEGATIVE_INFINITY;

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
    this.probing = false;
    this.ranBefore = false;
    this.probedAtMs = Number.NEGATIVE_INFINITY;
  }

  probeBegins(nowMs: number): void {
    if (this.process === null || this.probing) return;
    this.ranBefore = this.hasRun(this.process, nowMs);
    this.probing = true;
  }

  /** `isAll`: all that it ran since was the probe's. */
  probeEnded(isAll: boolean, nowMs: number): void {
    this.probing = false;
    this.probedAtMs = nowMs;
    if (isAll && this.open > 0) this.lookUp(this.process?.runTimeMs() ?? 0, nowMs);
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
  look(counts: () => ConnectionCounts, nowMs: number): boolean {
    const { process } = this;
    if (process === null) return false;
    const connected = process.wasConnected();
    // The proxy's own connections are told by the same sign, and by its requests.
    const stranger = !this.ownConnections.takeRecent(this.generation) && connected;
    if (!connected && !this.exposed) return false;
    this.open = this.count(process, counts());
    this.exposed = this.open > 0;
    const active = this.hasRun(process, nowMs) || stranger;
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

  private hasRun(process: LaunchedProcess, nowMs: number): boolean {
    const { runTimeMs, lookedAtMs, ranBefore } = this;
    this.ranBefore = false;
    if (this.open === 0 || this.probing) return ranBefore;
    const isAftermath = lookedAtMs < this.probedAtMs + AFTERMATH_LASTS_MS;
    const ranMs = this.lookUp(process.runTimeMs(), nowMs);
    return ranBefore || (runTimeMs > 0 && ranMs > (isAftermath ? AFTERMATH_MS : BUSY_MS));
  }

  /** Returns by how much it has grown. */
  private lookUp(runTimeMs: number, nowMs: number): number {
    const ranMs = runTimeMs - this.runTimeMs;
    this.runTimeMs = runTimeMs;
    this.lookedAtMs = nowMs;
    return ranMs;
  }
}
