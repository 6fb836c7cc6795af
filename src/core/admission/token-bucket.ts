/** A rate limit with a burst: what may pass now, and how long to wait after an excess. Pure: time is passed in. */
export class TokenBucket {
  private readonly ratePerS: number;
  private readonly burst: number;
  private level: number;
  private atMs: number;
  /** Tokens that others hold. With those in the bucket they never exceed the burst. */
  private lent = 0;

  constructor(ratePerS: number, burst: number, nowMs: number) {
    this.ratePerS = ratePerS;
    this.burst = burst;
    this.level = burst;
    this.atMs = nowMs;
  }

  /** Takes `cost` if that much is available. */
  tryTake(cost: number, nowMs: number): boolean {
    if (this.available(nowMs) < cost) return false;
    this.level -= cost;
    return true;
  }

  /** Takes `cost` even if that makes a debt. Returns the ms until the debt is paid, 0 when there is none. */
  take(cost: number, nowMs: number): number {
    this.refill(nowMs);
    this.level -= cost;
    return this.level >= 0 ? 0 : this.msFor(-this.level);
  }

  /** Takes tokens that were seen to be available. */
  spend(tokens: number): void {
    this.level -= tokens;
  }

  available(nowMs: number): number {
    this.refill(nowMs);
    return this.level;
  }

  /** Returns the ms until `cost` is available, 0 when it is. */
  wait(cost: number, nowMs: number): number {
    return this.msFor(Math.max(0, cost - this.available(nowMs)));
  }

  /** Takes tokens that somebody else may spend, or give back, later. */
  lend(tokens: number, nowMs: number): void {
    this.refill(nowMs);
    this.level -= tokens;
    this.lent += tokens;
  }

  /** Settles tokens that were lent. */
  settle({ spent, returned }: { readonly spent: number; readonly returned: number }, nowMs: number): void {
    this.refill(nowMs);
    this.lent -= spent + returned;
    this.giveBack(returned);
  }

  /** Puts tokens back that were taken in vain. */
  giveBack(tokens: number): void {
    this.level = Math.min(this.burst - this.lent, this.level + tokens);
  }

  /** Lowers the level to that of a bucket that it takes the place of. */
  cap(level: number): void {
    this.level = Math.min(this.level, Math.max(0, level));
  }

  private refill(nowMs: number): void {
    this.giveBack((Math.max(0, nowMs - this.atMs) / 1000) * this.ratePerS);
    this.atMs = nowMs;
  }

  private msFor(tokens: number): number {
    return Math.ceil((tokens / this.ratePerS) * 1000);
  }
}
