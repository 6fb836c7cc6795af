/** A part of an instance's requests that a proxy worker claims and counts by itself, until it is told to stop. */
import type { Grant, GrantCounts, LeaseTarget } from '../../core/admission/serving.ts';
import type { InstanceActivity } from './instance-activity.ts';

const NOTHING: GrantCounts = { requests: 0, streams: 0, total: 0, answered: 0 };

export interface GrantNews {
  /** Requests have come, or ended. */
  readonly isActive: boolean;
  readonly hasClaimed: boolean;
  readonly hasAnswered: boolean;
  /** Who sent one of those that came; null when that is not known. */
  readonly client: string | null;
}

export interface GrantHooks {
  /** What it counts has changed. */
  onReported(news: GrantNews): void;
  onEnded(): void;
}

export class CountedGrant implements Grant {
  private readonly targetNow: () => LeaseTarget;
  private readonly inFlight: InstanceActivity;
  private readonly hooks: GrantHooks;
  private counts = NOTHING;
  /** Set while it is not known what the holder has claimed last. */
  private confirmed: (() => void) | null = null;
  private revoked = false;

  constructor(targetNow: () => LeaseTarget, inFlight: InstanceActivity, hooks: GrantHooks) {
    this.targetNow = targetNow;
    this.inFlight = inFlight;
    this.hooks = hooks;
  }

  get target(): LeaseTarget {
    return this.targetNow();
  }

  report(counts: GrantCounts): void {
    const { requests, streams, total, answered } = this.counts;
    this.counts = counts;
    const claimed = counts.total - total;
    this.inFlight.shift(counts.requests - requests, counts.streams - streams, claimed);
    const isActive = claimed > 0 || counts.requests !== requests || counts.streams !== streams;
    const client = counts.client ?? null;
    this.hooks.onReported({ isActive, hasClaimed: claimed > 0, hasAnswered: counts.answered > answered, client });
    if (this.revoked && this.confirmed === null && counts.requests + counts.streams === 0) this.hooks.onEnded();
  }

  /** The holder is told by its retirement to claim no more; a drain waits until it has said what it claimed before. */
  revoke(): void {
    if (this.revoked) return;
    this.revoked = true;
    this.confirmed = this.inFlight.awaitWord();
  }

  confirm(counts: GrantCounts): void {
    const confirmed = this.confirmed;
    this.confirmed = null;
    this.report(counts);
    confirmed?.();
  }

  lost(): void {
    this.revoked = true;
    const { total, answered } = this.counts;
    this.confirm({ ...NOTHING, total, answered });
  }
}
