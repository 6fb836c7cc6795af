/** Who has used an instance of late: the last client, and the last one before that was another. */
import type { Visit } from '../../core/admission/eviction.ts';
import type { Asker } from '../../core/admission/serving.ts';

/** Of requests that come closer together, not each is looked at. */
const LOOK_MS = 100;

export class Clientele {
  private last: Visit | null = null;
  private before: Visit | null = null;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  /** A request has come. */
  seen(asker: Asker | null, nowMs: number): void {
    if (nowMs - this.lookedAtMs < LOOK_MS) return;
    this.lookedAtMs = nowMs;
    this.note(asker?.client ?? null, nowMs);
  }

  note(client: string | null, nowMs: number): void {
    if (this.last !== null && this.last.client !== client) this.before = this.last;
    this.last = { client, atMs: nowMs };
  }

  /** @param lastUsedAtMs what is in use since is the last client's, as far as is known */
  visits(lastUsedAtMs: number): Visit[] {
    if (this.last === null) return [];
    const { client, atMs } = this.last;
    const last = { client, atMs: Math.max(atMs, lastUsedAtMs) };
    return this.before === null ? [last] : [last, this.before];
  }
}
