/**
 * Requests that are sent a second time because their process closed the connection (docs/operating.md): which may be, and
 * whether the crash of a process by such a request counts toward `max_restarts`.
 */
import type { Lease, Outcome, SecondTry } from '../../core/admission/serving.ts';

/** How long before the exit of a process its broken connection may be seen, on a busy machine. */
const EXIT_SEEN_WITHIN_MS = 2000;
/** How many requests are remembered for one instance; the oldest are forgotten first. */
const MAX_REMEMBERED = 1000;

export interface SecondTriesPolicy {
  /** For how long a request that was in flight at two crashes is not sent again. */
  readonly windowMs: number;
  /** How many crashes within `windowMs` need not count. Further ones count, so that every crash loop ends. */
  readonly maxExcused: number;
}

interface OpenTry {
  readonly request: string;
  /** Whether its first process is gone, so that a crash of this one is the second that it sees. */
  readonly isOtherProcess: boolean;
  /** When its connection was closed by the process; null while it is open. */
  brokeOffAtMs: number | null;
}

export class SecondTries {
  private readonly policy: () => SecondTriesPolicy;
  private readonly open = new Map<Lease, OpenTry>();
  /** Request → until when it is not sent again. */
  private readonly refused = new Map<string, number>();
  private excusedMs: number[] = [];

  constructor(policy: () => SecondTriesPolicy) {
    this.policy = policy;
  }

  /** Whether a request may be sent again. */
  allows({ request }: SecondTry, nowMs: number): boolean {
    const untilMs = this.refused.get(request);
    return untilMs === undefined || untilMs <= nowMs;
  }

  begin(lease: Lease, { request, generation }: SecondTry): void {
    this.open.set(lease, { request, isOtherProcess: lease.generation !== generation, brokeOffAtMs: null });
  }

  end(lease: Lease, outcome: Outcome | undefined, nowMs: number): void {
    if (this.open.size === 0) return;
    const ended = this.open.get(lease);
    if (ended === undefined) return;
    if (outcome === 'broke-off') ended.brokeOffAtMs = nowMs;
    else this.open.delete(lease);
    this.forgetOld(nowMs);
  }

  /** Forgets tries whose process lives on, having only closed their connections. */
  private forgetOld(nowMs: number): void {
    for (const [lease, tried] of this.open) if (!mayHaveCrashed(tried, nowMs)) this.open.delete(lease);
  }

  /** Handles a crash. Returns whether a request caused it that has been counted for an earlier crash. */
  crashed(nowMs: number): boolean {
    const { windowMs, maxExcused } = this.policy();
    const hit = [...this.open.values()].filter((tried) => mayHaveCrashed(tried, nowMs));
    this.open.clear();
    for (const { request, isOtherProcess } of hit) if (isOtherProcess) this.refuse(request, nowMs + windowMs);
    this.excusedMs = this.excusedMs.filter((atMs) => atMs > nowMs - windowMs);
    if (hit.length === 0 || this.excusedMs.length >= maxExcused) return false;
    this.excusedMs.push(nowMs);
    return true;
  }

  private refuse(request: string, untilMs: number): void {
    this.refused.delete(request);
    this.refused.set(request, untilMs);
    const [oldest] = this.refused.keys();
    if (this.refused.size > MAX_REMEMBERED && oldest !== undefined) this.refused.delete(oldest);
  }
}

function mayHaveCrashed({ brokeOffAtMs }: OpenTry, nowMs: number): boolean {
  return brokeOffAtMs === null || brokeOffAtMs > nowMs - EXIT_SEEN_WITHIN_MS;
}
