/** A tracer that holds a connection to a collector. */
import type { RequestTracer } from '../core/observing/request-trace.ts';

export interface OpenTracer extends RequestTracer {
  /** Sends what is left, for a bounded time. */
  close(): Promise<void>;
}
