/** A share of an instance's requests that a proxy worker claims and counts by itself, until it is told to stop. */
import type { Grant, GrantCounts, LeaseTarget } from '../../core/admission/serving.ts';
import type { InstanceActivity } from './instance-activity.ts';

const NOTHING: GrantCounts = { requests: 0, streams: 0, total: 0, answered: 0 };

export interface GrantChange {
  /** Whether requests have come or ended. */
  readonly isActive: boolean;
  readonly hasClaimed: boolean;
  readonly hasAnswered: boolean;
  /** Sender of one of the new requests; null when unknown. */
  readonly client: string | null;
}

export interface GrantHooks {
  /** The counts have changed. */
  onReported(news: GrantChange): void;
  onEnded(): void;
}

export class CountedGrant implements Grant {
  private readonly targetNow: () => LeaseTarget;
  private readonly inFlight: InstanceActivity;
  private readonly hooks: GrantHooks;
  private counts = NOTHING;
  /** Set while the holder's last claims are unknown. */
  private confirmed: (() => void) | null = null;
  private revoked = false;
  private onTargetChanged: () => void = () => {};

  constructor(targetNow: () => LeaseTarget, inFlight: InstanceActivity, hooks: GrantHooks) {
    this.targetNow = targetNow;
    this.inFlight = inFlight;
    this.hooks = hooks;
  }

  get target(): LeaseTarget {
    return this.targetNow();
  }

  onChanged(listener: () => void): void {
    this.onTargetChanged = listener;
  }

  /** The target may have changed. */
  changed(): void {
    this.onTargetChanged();
  }

  get isRevoked(): boolean {
    return this.revoked;
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

  /**
   * Ends the grant. Its retirement tells the holder to stop claiming; a drain waits until the holder has reported
   * earlier claims.
   */
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
