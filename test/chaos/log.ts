/** What was done to whom and when, so that a failed request can be told from a broken promise. */
import type { Tenant } from './tenants.ts';

interface Span {
  readonly fromMs: number;
  toMs: number;
}

export type Fault =
  /** Its process was killed, froze to death, or took its own life. */
  | 'death'
  /** It was stopped, or unregistered, by an operator. */
  | 'away';

/** Deaths are seen a moment after they happen, and cut what is written a moment before. */
const MARGIN_MS = 1500;

export class FaultLog {
  private readonly spans = new Map<string, Span[]>();

  /** From now until the returned function is called. */
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

  /** Whether it happened while something that began at `fromMs` and ended now was going on. */
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
