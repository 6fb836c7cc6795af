/** The outcomes of every request and every write. */
import type { Tenant } from './tenants.ts';

export const ALLOWED = [
  'cut by the end of the server',
  'in a process that died',
  'stopped or removed by the operator',
  'crash loop',
] as const;
export type Excuse = (typeof ALLOWED)[number];

export class Tally {
  requests = 0;
  answered = 0;
  held = 0;
  streams = 0;
  streamsCut = 0;
  readonly excused = new Map<Excuse, number>();
  /** Failures without an excuse, in words. */
  readonly broken: string[] = [];
  /** Instance → numbers whose write was acknowledged. */
  readonly acknowledged = new Map<string, Set<number>>();
  private lastNumber = 0;

  nextNumber(): number {
    this.lastNumber += 1;
    return this.lastNumber;
  }

  acknowledge({ instance }: Tenant, n: number): void {
    const those = this.acknowledged.get(instance) ?? new Set();
    this.acknowledged.set(instance, those.add(n));
  }

  excuse(excuse: Excuse): void {
    this.excused.set(excuse, (this.excused.get(excuse) ?? 0) + 1);
  }

  get writes(): number {
    return [...this.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
