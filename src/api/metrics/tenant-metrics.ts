/**
 * Metrics with a series for each tenant or instance. There may be tens of thousands, so they are read in slices, between
 * which everything else has its turn, and written without an intermediate form.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CounterSums, type TenantSeries } from '../../core/observing/tenant-series.ts';
import { headText, type Labels, labelText, type MetricHead, sampleText } from './text-format.ts';

/** How many things are read in one turn of the event loop: about 2 ms. */
const SLICE = 100;
const PIECE_LENGTH = 32_768;

export interface TenantMetric<Thing> extends MetricHead {
  /** Returns null where the thing has no such value. */
  read(thing: Thing): number | null;
}

export interface TenantMetrics<Thing> {
  readonly metrics: readonly TenantMetric<Thing>[];
  tenantOf(thing: Thing): string;
  /** Labels beside the tenant. */
  labelsOf(thing: Thing): Labels;
}

/** Writes metrics of one kind of things, scrape after scrape. */
export class TenantMetricsWriter<Thing> {
  private readonly of: TenantMetrics<Thing>;
  private readonly sums: readonly CounterSums[];

  constructor(of: TenantMetrics<Thing>) {
    this.of = of;
    this.sums = of.metrics.map(() => new CounterSums());
  }

  /** @returns the text in pieces */
  async write(things: Iterable<Thing>, series: TenantSeries, look?: (thing: Thing) => void): Promise<string[]> {
    const families = this.of.metrics.map((metric, index) => new Family(metric, this.sums[index] ?? new CounterSums()));
    let left = SLICE;
    for (const thing of things) {
      look?.(thing);
      this.add(thing, series, families);
      left -= 1;
      if (left > 0) continue;
      for (const family of families) family.cut();
      await turn();
      left = SLICE;
    }
    return families.flatMap((family) => family.end());
  }

  private add(thing: Thing, series: TenantSeries, families: readonly Family<Thing>[]): void {
    const { tenantOf, labelsOf } = this.of;
    const id = tenantOf(thing);
    const tenant = series.labelOf(id);
    const others = labelsOf(thing);
    const labels = labelText(tenant === null ? others : [...others, ['tenant', tenant]]);
    if (tenant === id) for (const family of families) family.add(thing, labels);
    else {
      const key = labelText([...others, ['tenant', id]]);
      for (const family of families) family.addToSum(thing, labels, key);
    }
  }
}

/** One metric during one scrape. */
class Family<Thing> {
  private readonly metric: TenantMetric<Thing>;
  private readonly counted: CounterSums;
  private readonly gauged = new Map<string, number>();
  private readonly pieces: string[];
  private text = '';

  constructor(metric: TenantMetric<Thing>, counted: CounterSums) {
    this.metric = metric;
    this.counted = counted;
    this.pieces = [headText(metric)];
    counted.begin();
  }

  add(thing: Thing, labels: string): void {
    const value = this.metric.read(thing);
    if (value !== null) this.text += sampleText(this.metric.name, labels, value);
  }

  /** @param key names the thing among those that are added up */
  addToSum(thing: Thing, labels: string, key: string): void {
    const value = this.metric.read(thing);
    if (value === null) return;
    if (this.metric.type === 'counter') this.counted.add(labels, key, value);
    else this.gauged.set(labels, (this.gauged.get(labels) ?? 0) + value);
  }

  /** Ends a piece that is long enough. */
  cut(): void {
    if (this.text.length < PIECE_LENGTH) return;
    this.pieces.push(this.text);
    this.text = '';
  }

  end(): string[] {
    const sums = this.metric.type === 'counter' ? this.counted.entries : this.gauged;
    for (const [labels, value] of sums) this.text += sampleText(this.metric.name, labels, value);
    return [...this.pieces, this.text];
  }
}
