/** One request as OpenTelemetry sees it (docs/telemetry.md). */
import type { ErrorCode } from '../../errors.ts';
import type { InstanceName } from '../lifecycle/instance.ts';

/** `[telemetry]`. Plain data, which workers get in a message. */
export interface TelemetryConfig {
  /** Where spans are posted. */
  readonly url: string;
  /** The share of new traces that are recorded, from 0 to 1. */
  readonly sample: number;
  readonly serviceName: string;
}

export interface TracedRequest {
  readonly method: string;
  /** The target as received. */
  readonly url: string;
  readonly scheme: 'http' | 'https';
  readonly host: string | null;
  readonly userAgent: string | null;
  readonly traceparent: string | null;
  readonly peer: string;
  /** Whether the peer is a trusted proxy, which decides for itself what is recorded. */
  readonly isTrusted: boolean;
  readonly requestId: string;
  /** null: the request names no instance. */
  readonly instance: InstanceName | null;
}

export interface RequestTrace {
  /** What the tenant gets as `traceparent`. */
  readonly traceparent: string;
  /** Whether the trace began with the client, so that its `tracestate` is passed on. */
  readonly isContinued: boolean;
  /** The request has just been released, after a wait for its instance. */
  held(durationMs: number): void;
  /** The head of the answer is about to be sent. */
  answered(status: number): void;
  /** tenement is about to answer with an error. */
  refused(code: ErrorCode): void;
  /** The answer is complete, or the client has left. Further calls do nothing. */
  end(): void;
}

export interface RequestTracer {
  begin(request: TracedRequest): RequestTrace;
}

/** Where requests find the tracer of the moment. */
export interface Tracing {
  /** null: requests are not traced. */
  readonly tracer: RequestTracer | null;
}

export const NO_TRACING: Tracing = { tracer: null };
