/** The recent clients of an instance: the last one, and the last other one before it. */
import type { Visit } from '../../core/admission/eviction.ts';
import type { Requester } from '../../core/admission/serving.ts';

/** Requests that follow closer than this are not all looked at. */
const LOOK_MS = 100;

export class RecentClients {
  private last: Visit | null = null;
  private before: Visit | null = null;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  /** Notes a request. */
  seen(requester: Requester | null, nowMs: number): void {
    if (nowMs - this.lookedAtMs < LOOK_MS) return;
    this.lookedAtMs = nowMs;
    this.note(requester?.client ?? null, nowMs);
  }

  note(client: string | null, nowMs: number): void {
    if (this.last !== null && this.last.client !== client) this.before = this.last;
    this.last = { client, atMs: nowMs };
  }

  /** Lists recent visits. @param lastUsedAtMs last use, attributed to the last client */
  visits(lastUsedAtMs: number): Visit[] {
    if (this.last === null) return [];
    const { client, atMs } = this.last;
    const last = { client, atMs: Math.max(atMs, lastUsedAtMs) };
    return this.before === null ? [last] : [last, this.before];
  }
}
