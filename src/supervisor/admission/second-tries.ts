/**
 * Requests that are sent a second time because their process broke off (contract.md §6): which may be, and whether
 * the crash of one counts toward `max_restarts`.
 */
import type { Lease, Outcome, SecondTry } from '../../core/admission/serving.ts';

/** A connection that breaks off is told before the exit of its process; on a busy machine by so much. */
const EXIT_SEEN_WITHIN_MS = 2000;
/** Requests that are remembered for one instance; the oldest are forgotten first. */
const MAX_REMEMBERED = 1000;

export interface SecondTriesPolicy {
  /** How long a request that was in flight at two crashes is not sent again. */
  readonly windowMs: number;
  /** Crashes within `windowMs` that need not count. More of them do: there is an end to every crash loop. */
  readonly maxExcused: number;
}

interface OpenTry {
  readonly request: string;
  /** Its first process is gone, so the end of this one is the second that it sees. */
  readonly isOtherProcess: boolean;
  /** When its connection broke off; null while it is open. */
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

  /** Their process lives on: it only closed their connections. */
  private forgetOld(nowMs: number): void {
    for (const [lease, tried] of this.open) if (!mayHaveCrashed(tried, nowMs)) this.open.delete(lease);
  }

  /** The process has crashed. Returns whether that is the fault of a request which has been counted already. */
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
