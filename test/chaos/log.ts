/** A log of faults by instance and time, which tells an excusable failure from a broken promise. */
import type { Tenant } from './tenants.ts';

interface Span {
  readonly fromMs: number;
  toMs: number;
}

export type Fault =
  /** The process was killed, froze to death, or ended itself. */
  | 'death'
  /** An operator stopped or unregistered the instance. */
  | 'away';

/** A death is noticed a moment later, and cuts data written a moment before. */
const MARGIN_MS = 1500;

export class FaultLog {
  private readonly spans = new Map<string, Span[]>();

  /** Logs a fault from now until the returned function is called. */
  begin(tenant: Pick<Tenant, 'instance'>, fault: Fault): () => void {
    const span = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
    this.of(tenant, fault).push(span);
    return () => {
      span.toMs = performance.now();
    };
  }

  note(tenant: Pick<Tenant, 'instance'>, fault: Fault): void {
    this.begin(tenant, fault)();
  }

  /** Whether such a fault happened between `fromMs` and now. */
  happened(tenant: Pick<Tenant, 'instance'>, fault: Fault, fromMs: number): boolean {
    const nowMs = performance.now();
    return this.of(tenant, fault).some((span) => span.fromMs - MARGIN_MS <= nowMs && span.toMs + MARGIN_MS >= fromMs);
  }

  private of({ instance }: Pick<Tenant, 'instance'>, fault: Fault): Span[] {
    const key = `${fault} ${instance}`;
    const spans = this.spans.get(key) ?? [];
    this.spans.set(key, spans);
    return spans;
  }
}
