/** A rate limit with a burst: what may pass now, and how long to wait after an excess. Pure: time is passed in. */
export class TokenBucket {
  private readonly ratePerS: number;
  private readonly burst: number;
  private level: number;
  private atMs: number;

  constructor(ratePerS: number, burst: number, nowMs: number) {
    this.ratePerS = ratePerS;
    this.burst = burst;
    this.level = burst;
    this.atMs = nowMs;
  }

  /** Takes `cost` if that much is available. */
  tryTake(cost: number, nowMs: number): boolean {
    this.refill(nowMs);
    if (this.level < cost) return false;
    this.level -= cost;
    return true;
  }

  /** Takes `cost` even if that makes a debt. Returns the ms until the debt is paid, 0 when there is none. */
  take(cost: number, nowMs: number): number {
    this.refill(nowMs);
    this.level -= cost;
    return this.level >= 0 ? 0 : Math.ceil((-this.level / this.ratePerS) * 1000);
  }

  private refill(nowMs: number): void {
    const gained = (Math.max(0, nowMs - this.atMs) / 1000) * this.ratePerS;
    this.level = Math.min(this.burst, this.level + gained);
    this.atMs = nowMs;
  }
}
