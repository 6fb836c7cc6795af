/** Counts values in buckets, as a histogram of Prometheus does. Pure. */

export interface HistogramCounts {
  /** For each bound the values that are at most it and above the bound before; then those above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Histogram implements HistogramCounts {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper bounds of the buckets, ascending */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    this.sum += value;
  }

  /** Adds what another histogram with the same bounds has counted. */
  add(more: HistogramCounts): void {
    for (const [bucket, count] of more.counts.entries()) this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    this.sum += more.sum;
  }
}
