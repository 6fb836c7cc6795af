/** One request on its way to a tenant and back: held, forwarded, tried once more if that is safe, answered once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Claim, Lease, Refusal, UpstreamSource } from '../core/ports.ts';
import type { ErrorCode } from '../errors.ts';
import { errorAnswer } from './error-page.ts';
import { hasBody, requestHeaders, responseHeaders } from './headers.ts';
import type { Route } from './route.ts';
import type { UpstreamPools } from './upstream-pools.ts';

/** RFC 9110 §9.2.2 */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** The exit of a process is seen within this, so that a second try waits for the next one instead of the dead one. */
const SECOND_TRY_AFTER_MS = 25;

export interface ExchangeContext {
  readonly source: UpstreamSource;
  readonly pools: UpstreamPools;
  readonly requestId: string;
  readonly peer: string;
  readonly trusted: boolean;
}

export class Exchange implements Dispatcher.DispatchHandler {
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly route: Route;
  private readonly context: ExchangeContext;
  private readonly clientLeft = new AbortController();
  private controller: Dispatcher.DispatchController | null = null;
  private lease: Lease | null = null;
  private firstByteTimer: NodeJS.Timeout | null = null;
  private timedOut = false;
  private triesLeft: number;

  constructor(request: IncomingMessage, response: ServerResponse, route: Route, context: ExchangeContext) {
    this.request = request;
    this.response = response;
    this.route = route;
    this.context = context;
    const repeatable = IDEMPOTENT.has(request.method ?? '') && !hasBody(request.rawHeaders);
    this.triesLeft = repeatable ? 1 : 0;
    response.once('close', () => this.closed());
    response.on('drain', () => this.controller?.resume());
  }

  start(): void {
    const claim = this.context.source.claim(this.route.instance, this.clientLeft.signal);
    if (claim instanceof Promise) void claim.then((settled) => this.claimed(settled));
    else this.claimed(claim);
  }

  private claimed(claim: Claim): void {
    if ('refused' in claim) return this.refuse(claim);
    this.lease = claim;
    if (this.clientLeft.signal.aborted) return this.release();
    this.forward(claim);
  }

  private forward(lease: Lease): void {
    const { request, route, context } = this;
    const { peer, trusted, requestId } = context;
    const by = { peer, trusted, requestId, host: route.host, tenantId: lease.tenantId };
    if (lease.requestTimeoutMs > 0) this.firstByteTimer = setTimeout(() => this.timeOut(), lease.requestTimeoutMs);
    const options: Dispatcher.DispatchOptions = {
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      path: route.path,
      headers: requestHeaders(request.rawHeaders, by),
      body: hasBody(request.rawHeaders) ? request : null,
    };
    context.pools.for(lease).dispatch(options, this);
  }

  // ---- What undici tells ---------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.clientLeft.signal.aborted) controller.abort(new Error('the client left'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: object, message?: string): void {
    if (status < 200) return;
    this.stopTimer();
    this.triesLeft = 0;
    const { response, lease } = this;
    const headers = responseHeaders(rawStrings(controller.rawHeaders), lease?.heldMs ?? null);
    if (isEventStream(headers)) lease?.becomeStream();
    response.writeHead(status, message, headers);
    // Together with the body when that is here already, alone when it is not.
    process.nextTick(() => response.flushHeaders());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.response.write(chunk)) controller.pause();
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: object): void {
    if (Object.keys(trailers).length > 0) this.response.addTrailers(trailers as Record<string, string>);
    this.response.end();
    this.release();
  }

  onResponseError(_controller: Dispatcher.DispatchController, _error: Error): void {
    this.stopTimer();
    this.release();
    if (this.clientLeft.signal.aborted) return;
    // A body that breaks off must not look whole.
    if (this.response.headersSent) return void this.response.destroy();
    if (this.timedOut) return this.answer('upstream_timeout', null);
    if (this.triesLeft === 0) return this.answer('upstream_failed', null);
    this.triesLeft -= 1;
    setTimeout(() => this.start(), SECOND_TRY_AFTER_MS);
  }

  // ---- Ends ----------------------------------------------------------------------------------

  private timeOut(): void {
    this.timedOut = true;
    this.controller?.abort(new Error('no answer within request_timeout'));
  }

  private closed(): void {
    this.stopTimer();
    if (this.response.writableFinished) return;
    this.clientLeft.abort();
    this.controller?.abort(new Error('the client left'));
  }

  private release(): void {
    this.lease?.release();
    this.lease = null;
  }

  private stopTimer(): void {
    if (this.firstByteTimer !== null) clearTimeout(this.firstByteTimer);
    this.firstByteTimer = null;
  }

  private refuse(refusal: Refusal): void {
    if (!this.clientLeft.signal.aborted) this.answer(refusal.refused, refusal.retryAfterS);
  }

  private answer(code: ErrorCode, retryAfterS: number | null): void {
    answerError(this.request, this.response, code, { requestId: this.context.requestId, retryAfterS });
  }
}

/** Answers with a code instead of a tenant's response. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  code: ErrorCode,
  { requestId, retryAfterS }: { requestId: string; retryAfterS: number | null },
): void {
  const answer = errorAnswer(code, { accept: request.headers.accept ?? '', requestId, retryAfterS });
  response.writeHead(answer.status, answer.headers);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function rawStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return Object.entries(raw ?? {}).flatMap(([name, value]) => [name, String(value)]);
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function isEventStream(raw: readonly string[]): boolean {
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === 'content-type') return raw[index + 1]?.startsWith('text/event-stream') ?? false;
  }
  return false;
}
