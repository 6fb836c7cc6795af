/**
 * Traffic straight to the socket of one instance, past the proxy. It is inferred from outside: from who connected, from
 * open connections, and from whether the process ran. A doubt counts as activity.
 */
import type { LaunchedProcess } from '../../core/ports.ts';
import type { OwnConnections } from './own-connections.ts';

/**
 * Run time between two looks with an open connection that counts as a request. A request takes a Node or Python
 * application 0.5 to 2 ms; an idle one takes none, or a few microseconds for a timer.
 */
export const BUSY_MS = 0.1;
/**
 * The most that a process runs in the second after it has answered a probe. Node wakes up once more at the end of that
 * second, for the `Date` of its next response, which takes 0.1 to 0.7 ms.
 */
const AFTERMATH_MS = 1;
const AFTERMATH_LASTS_MS = 1100;

/** Bound path → number of connections. */
export type ConnectionCounts = ReadonlyMap<string, number>;

export class DirectTraffic {
  /** Connections other than tenement's own, at the last look. */
  open = 0;
  /** How many of those a front server is known to keep for later, with nobody waiting. */
  private resting = 0;
  private readonly ownConnections: OwnConnections;
  private process: LaunchedProcess | null = null;
  private generation = 0;
  private runTimeMs = 0;
  /** When the run time was read, ms since the epoch. */
  private lookedAtMs = 0;
  /** Whether there may be connections: somebody connected, and the last look did not find all of them gone. */
  private exposed = false;
  /** While a probe of tenement's own is under way, its run time is attributed to the probe. */
  private probing = false;
  /** Whether the process had run before the probe, which is not reported yet. */
  private ranBefore = false;
  private probedAtMs = Number.NEGATIVE_INFINITY;

  /** @param own connections of tenement itself, which do not count */
  constructor(own: OwnConnections) {
    this.ownConnections = own;
  }

  /** @param found whether the process ran before this server did, which did not see who connected until now */
  begin(process: LaunchedProcess, generation: number, found: boolean): void {
    this.process = process;
    this.generation = generation;
    this.exposed = found;
    this.runTimeMs = 0;
    this.open = 0;
    this.resting = 0;
    this.probing = false;
    this.ranBefore = false;
    this.probedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** The socket is served by another from now on, and nobody knows who connected until now. */
  switched(): void {
    this.exposed = true;
  }

  probeBegins(nowMs: number): void {
    if (this.process === null || this.probing) return;
    this.ranBefore = this.hasRun(this.process, nowMs);
    this.probing = true;
  }

  /** @param isAll whether the process has run for the probe only */
  probeEnded(isAll: boolean, nowMs: number): void {
    this.probing = false;
    this.probedAtMs = nowMs;
    if (isAll && this.open > 0) this.lookUp(this.process?.runTimeMs() ?? 0, nowMs);
  }

  /** Number of connections on which somebody may wait for something. */
  get busy(): number {
    return this.open - this.resting;
  }

  /** Marks all open connections as at rest, until something moves. */
  rest(): void {
    this.resting = this.open;
  }

  /** The last look's values while everything is at rest: as long as they stay the same, nothing has moved. */
  get atRest(): { readonly open: number; readonly ranMs: number } | null {
    return this.resting > 0 && this.busy === 0 ? { open: this.open, ranMs: this.runTimeMs } : null;
  }

  /**
   * Looks once. Returns whether there was traffic since the last look. `counts` is called only if something may be
   * open.
   */
  look(counts: () => ConnectionCounts, nowMs: number): boolean {
    const { process } = this;
    if (process === null) return false;
    const connected = process.wasConnected();
    // The proxy's own connections leave the same stamp, and are known from its requests.
    const stranger = !this.ownConnections.takeRecent(this.generation) && connected;
    if (!connected && !this.exposed) return false;
    this.open = this.count(process, counts());
    this.exposed = this.open > 0;
    const active = this.hasRun(process, nowMs) || stranger;
    this.resting = active ? 0 : Math.min(this.resting, this.open);
    return active;
  }

  /** Returns the current number of connections other than tenement's own. */
  countNow(counts: ConnectionCounts): number {
    return this.process === null ? 0 : this.count(this.process, counts);
  }

  /** Whether anybody may be connected, so that counting is worthwhile. */
  mayBeOpen(): boolean {
    if (this.process?.wasConnected() === true) this.exposed = true;
    return this.exposed;
  }

  /** Run time of the process in ms. */
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

  /** Stores the run time. Returns its growth in ms. */
  private lookUp(runTimeMs: number, nowMs: number): number {
    const ranMs = runTimeMs - this.runTimeMs;
    this.runTimeMs = runTimeMs;
    this.lookedAtMs = nowMs;
    return ranMs;
  }
}
