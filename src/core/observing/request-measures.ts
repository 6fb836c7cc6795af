/** What the proxies of one process measure of requests. Pure. A worker hands its counts over to the server. */
import type { ErrorCode } from '../../errors.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import { Histogram, type HistogramCounts } from './histogram.ts';

/**
 * Upper bounds in seconds. The proxy itself takes a fraction of a millisecond, applications answer within milliseconds to
 * seconds, a request that wakes its tenant takes up to `startup_timeout`, and `request_timeout` is 60 s by default.
 */
export const REQUEST_BOUNDS_S = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/** 1 for statuses from 100 to 199, and so on. */
export type StatusClass = 1 | 2 | 3 | 4 | 5;

export interface MeasuredRequests {
  readonly durations: readonly (readonly [service: string, statusClass: StatusClass, counts: HistogramCounts])[];
  readonly refused: readonly (readonly [code: ErrorCode, requests: number])[];
}

type Durations = (Histogram | undefined)[];

export class RequestMeasures {
  /** Service → class of the status → durations. */
  private byService = new Map<string, Durations>();
  private byCode = new Map<ErrorCode, number>();

  /** An answer's head is sent. @param durationMs since the head of the request */
  answered(instance: InstanceName, status: number, durationMs: number): void {
    const service = instance.slice(0, instance.indexOf(':'));
    this.histogram(service, classOf(status)).observe(durationMs / 1000);
  }

  /** tenement itself answers, with an error. */
  refused(code: ErrorCode): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
  }

  /** Adds what another process has measured. */
  add({ durations, refused }: MeasuredRequests): void {
    for (const [service, statusClass, counts] of durations) this.histogram(service, statusClass).add(counts);
    for (const [code, requests] of refused) this.byCode.set(code, (this.byCode.get(code) ?? 0) + requests);
  }

  /** Returns everything that was measured since the last call; null: nothing. */
  take(): MeasuredRequests | null {
    if (this.byService.size === 0 && this.byCode.size === 0) return null;
    const taken = { durations: [...this.durations()], refused: [...this.byCode] };
    this.byService = new Map();
    this.byCode = new Map();
    return taken;
  }

  *durations(): Generator<readonly [service: string, statusClass: StatusClass, durations: Histogram]> {
    for (const [service, classes] of this.byService) {
      for (const [index, durations] of classes.entries()) {
        if (durations !== undefined) yield [service, index as StatusClass, durations];
      }
    }
  }

  refusals(): Iterable<readonly [code: ErrorCode, requests: number]> {
    return this.byCode;
  }

  private histogram(service: string, statusClass: StatusClass): Histogram {
    let classes = this.byService.get(service);
    if (classes === undefined) {
      classes = [];
      this.byService.set(service, classes);
    }
    classes[statusClass] ??= new Histogram(REQUEST_BOUNDS_S);
    return classes[statusClass];
  }
}

/** Statuses outside of the five classes count as the nearest. */
function classOf(status: number): StatusClass {
  return Math.min(5, Math.max(1, Math.floor(status / 100))) as StatusClass;
}
