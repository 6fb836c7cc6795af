/** One request as it is measured and, with `[telemetry]`, traced. */
import type { RequestTrace } from '../../core/observing/request-trace.ts';
import type { Traffic } from '../../core/usage/traffic.ts';
import { ERROR_CODES, type ErrorCode } from '../../errors.ts';
import { type ClientRequest, protoOf } from '../client/client.ts';
import type { Caller, Gateway } from '../gateway.ts';
import { headerValues } from '../routing/headers.ts';
import type { Route } from '../routing/route.ts';
import { countAnswer, countPassedOn } from './counting.ts';

type Seen = Pick<ClientRequest, 'method' | 'url' | 'rawHeaders' | 'socket'>;
type Counted = Seen & Pick<ClientRequest, 'countFor'>;
type Observers = Pick<Gateway, 'measures' | 'tracing'>;

export class Observed {
  /** null: it is not traced. */
  readonly trace: RequestTrace | null;
  private readonly measures: Gateway['measures'];
  private readonly request: Counted;
  private readonly route: Route;
  /** Where it counts; null until it is passed on. */
  private traffic: Traffic | null = null;
  private readonly beganAtMs = performance.now();

  constructor(gateway: Observers, request: Counted, route: Route, caller: Caller) {
    this.measures = gateway.measures;
    this.request = request;
    this.route = route;
    this.trace = traceOf(gateway, request, route, caller);
  }

  /** It is passed on, and counts once, although it may be sent again. @param traffic of the process that has it now */
  passedOn(traffic: Traffic): void {
    this.traffic = countPassedOn(this.traffic, traffic, this.request);
  }

  /** The head of the answer is about to be sent. */
  answered(status: number): void {
    countAnswer(this.traffic, status);
    this.measures.answered(this.route.instance, status, performance.now() - this.beganAtMs);
    if (this.trace !== null) this.trace.answered(status);
  }

  /** tenement is about to answer with an error. */
  refused(code: ErrorCode): void {
    this.measures.refused(code);
    this.answered(ERROR_CODES[code].httpStatus);
    this.trace?.refused(code);
  }
}

/** Begins the trace of a request; null: it is not traced. @param route null: it names no instance */
export function traceOf(
  { tracing }: Observers,
  { method, url, rawHeaders, socket }: Seen,
  route: Route | null,
  { peer, trusted, requestId }: Caller,
): RequestTrace | null {
  const { tracer } = tracing;
  if (tracer === null) return null;
  const [traceparent = null, ...more] = headerValues(rawHeaders, 'traceparent');
  return tracer.begin({
    method,
    url,
    scheme: protoOf(socket),
    host: headerValues(rawHeaders, 'host')[0] ?? null,
    userAgent: headerValues(rawHeaders, 'user-agent')[0] ?? null,
    traceparent: more.length === 0 ? traceparent : null,
    peer,
    isTrusted: trusted,
    requestId,
    instance: route?.instance ?? null,
  });
}
