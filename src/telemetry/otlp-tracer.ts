/** Traces requests by OpenTelemetry's packages, and posts spans to a collector (OTLP over HTTP, as JSON). */
import {
  type Attributes,
  type Context,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { parseInstanceName } from '../core/lifecycle/instance.ts';
import type { RequestTrace, TelemetryConfig, TracedRequest } from '../core/observing/request-trace.ts';
import type { ErrorCode } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { version } from '../version.ts';
import { EdgeSampler } from './edge-sampler.ts';
import type { OpenTracer } from './open-tracer.ts';
import { TellingExporter } from './telling-exporter.ts';

/** Spans that wait for the collector; more are dropped. About 4 MB. */
const MAX_QUEUE = 4096;
const EXPORT_EVERY_MS = 1000;
const EXPORT_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 2000;

/** Set in the context of a request from a trusted proxy. */
export const TRUSTED = createContextKey('tenement: trusted proxy');

export function openTracer({ url, sample, serviceName }: TelemetryConfig, logger: Logger): OpenTracer {
  const exporter = new TellingExporter(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), logger);
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    ),
    sampler: new EdgeSampler(sample, TRUSTED),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUE,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('tenement', version);
  return {
    begin: (request) => new SpanOfRequest(tracer, request),
    close: () => withinTime(provider.shutdown(), logger),
  };
}

/** Waits for the last spans no longer than a server should take to end. */
async function withinTime(shutdown: Promise<void>, logger: Logger): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), CLOSE_TIMEOUT_MS);
  try {
    if ((await Promise.race([shutdown, late])) === 'late') shutdown.catch(() => {});
  } catch (error) {
    logger.debug({ err: error }, 'the last spans were not sent');
  } finally {
    clearTimeout(timer);
  }
}

class SpanOfRequest implements RequestTrace {
  readonly traceparent: string;
  readonly isContinued: boolean;
  private readonly tracer: Tracer;
  private readonly context: Context;
  private readonly span: Span;
  private isAnswered = false;

  constructor(tracer: Tracer, request: TracedRequest) {
    const parent = request.traceparent === null ? null : parseTraceParent(request.traceparent);
    const trusted = request.isTrusted ? ROOT_CONTEXT.setValue(TRUSTED, true) : ROOT_CONTEXT;
    const context = parent === null ? trusted : trace.setSpanContext(trusted, { ...parent, isRemote: true });
    this.tracer = tracer;
    this.isContinued = parent !== null;
    this.span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, attributes: attributesOf(request) }, context);
    this.context = trace.setSpan(ROOT_CONTEXT, this.span);
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
  }

  held(durationMs: number): void {
    const endMs = Date.now();
    this.tracer.startSpan('wake', { startTime: endMs - durationMs }, this.context).end(endMs);
  }

  answered(status: number): void {
    this.isAnswered = true;
    this.span.setAttribute('http.response.status_code', status);
    if (status >= 500) this.failed(String(status));
  }

  refused(code: ErrorCode): void {
    this.span.setAttribute('error.type', code);
  }

  end(): void {
    if (!this.isAnswered) this.failed('client_disconnected');
    this.span.end();
  }

  private failed(type: string): void {
    this.span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  }
}

/**
 * By the semantic conventions for HTTP (1.x, stable). The query is left out, because it may carry secrets, and the route is
 * unknown to a proxy.
 */
function attributesOf({ method, url, scheme, host, userAgent, peer, requestId, instance }: TracedRequest): Attributes {
  const query = url.indexOf('?');
  const attributes: Attributes = {
    'http.request.method': method,
    'url.scheme': scheme,
    'url.path': query === -1 ? url : url.slice(0, query),
    'tenement.request_id': requestId,
  };
  if (host !== null) attributes['server.address'] = host.replace(/:\d+$/, '');
  if (userAgent !== null) attributes['user_agent.original'] = userAgent;
  if (peer !== '') attributes['network.peer.address'] = peer;
  if (instance === null) return attributes;
  const { service, tenantId } = parseInstanceName(instance);
  attributes['tenement.instance'] = instance;
  attributes['tenement.service'] = service;
  attributes['tenement.tenant'] = tenantId;
  return attributes;
}
