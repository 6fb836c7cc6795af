/** One request on its way to a tenant and back: held, forwarded, tried once more if that is safe, answered once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher, Pool } from 'undici';
import type { Claim, Lease } from '../core/ports.ts';
import type { ErrorCode } from '../errors.ts';
import { answerError } from './error-page.ts';
import type { Caller, Gateway } from './gateway.ts';
import { hasBody, isEventStream, requestHeaders, responseHeaders, textHeaders } from './headers.ts';
import { flushSoon, informClient, reasonPhrase, sendTrailers } from './reply.ts';
import type { Route } from './route.ts';
import { Upload } from './upload.ts';

/** RFC 9110 §9.2.2 */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** The exit of a process is seen within this; if it is not, the process lives and just closed the connection. */
const EXIT_SEEN_WITHIN_MS = 25;
/** Who does not even take connections is ending; if it still lives after this, it is asked once more. */
const LISTENER_BACK_WITHIN_MS = 500;
/** A Unix socket with a full backlog says EAGAIN at once, where TCP would wait. */
const FULL_BACKLOG_WAIT_MS = 10;

export class Exchange implements Dispatcher.DispatchHandler {
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly route: Route;
  private readonly caller: Caller;
  private readonly gateway: Gateway;
  /** Set while the claim is held. */
  private leaving: AbortController | null = null;
  private lease: Lease | null = null;
  private upload: Upload | null = null;
  /** Set once undici writes the request: from then on the tenant may have seen it. */
  private controller: Dispatcher.DispatchController | null = null;
  private timer: NodeJS.Timeout | null = null;
  private retried = false;
  private paused = false;
  /** The client left, or has its answer: what the tenant still says is of no interest. */
  private over = false;

  constructor(request: IncomingMessage, response: ServerResponse, route: Route, caller: Caller, gateway: Gateway) {
    this.request = request;
    this.response = response;
    this.route = route;
    this.caller = caller;
    this.gateway = gateway;
    response.once('close', () => this.closed());
    // A pipelined response that waits for its turn has no socket to hear from.
    if (response.socket === null) request.once('close', () => request.socket.destroyed && this.closed());
  }

  start(): void {
    if (this.over) return;
    const { gateway } = this;
    const claim = gateway.source.claim(this.route.instance, gateway.spare.signal);
    if (!(claim instanceof Promise)) return this.claimed(claim);
    this.leaving = gateway.spare;
    gateway.spare = new AbortController();
    claim.then(
      (settled) => this.claimed(settled),
      (error: unknown) => this.broken(error),
    );
  }

  private claimed(claim: Claim): void {
    this.leaving = null;
    if ('refused' in claim) return this.answer(claim.refused, claim.retryAfterS);
    if (this.over) return claim.release();
    this.lease = claim;
    if (claim.requestTimeoutMs > 0) this.timer = setTimeout(timeOut, claim.requestTimeoutMs, this);
    this.forward(claim, this.gateway.pools.for(claim));
  }

  private forward(lease: Lease, pool: Pool): void {
    const { request, route, caller } = this;
    const { peer, trusted, requestId } = caller;
    this.controller = null;
    this.upload = hasBody(request.rawHeaders) ? new Upload(request, this.response) : null;
    const options: Dispatcher.DispatchOptions = {
      method: request.method ?? 'GET',
      path: route.path,
      headers: requestHeaders(request.rawHeaders, {
        peer,
        trusted,
        requestId,
        host: route.host,
        tenantId: lease.tenantId,
      }),
      body: this.upload,
    };
    pool.dispatch(options, this);
  }

  // ---- What undici tells ---------------------------------------------------------------------

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) controller.abort(new Error('the client left'));
  }

  onBodySent(): void {
    this.timer?.refresh();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: object, reason?: string): void {
    const { response, lease } = this;
    const raw = textHeaders(controller.rawHeaders);
    if (status < 200) return informClient(response, status, raw);
    this.stopTimer();
    response.writeHead(status, reasonPhrase(reason), responseHeaders(raw, lease?.heldMs ?? null));
    if (isEventStream(raw)) {
      lease?.becomeStream();
      this.gateway.inFlight.becomeStream(this.request.socket);
      this.gateway.inFlight.end(response);
    }
    flushSoon(response);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over || this.response.write(chunk)) return;
    controller.pause();
    if (this.paused) return;
    this.paused = true;
    this.response.on('drain', () => this.controller?.resume());
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    sendTrailers(this.response, textHeaders(controller.rawTrailers));
    this.response.end();
    this.release();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error & { code?: string }): void {
    if (this.over) return this.release();
    const { lease } = this;
    if (error.code === 'EAGAIN' && lease !== null && this.controller === null) return this.awaitBacklog(lease);
    this.stopTimer();
    this.release();
    // A body that breaks off must not look whole.
    if (this.response.headersSent) return void this.response.destroy();
    if (error.code === 'UND_ERR_INVALID_ARG') return this.answer('bad_request', null);
    if (lease !== null && this.mayRetry()) return void this.retry(lease.generation);
    this.note('request failed', error.message);
    this.answer('upstream_failed', null);
  }

  // ---- Second tries --------------------------------------------------------------------------

  /** What was never written cannot have been acted on; else it must be harmless, and still be whole. */
  private mayRetry(): boolean {
    if (this.retried) return false;
    return this.controller === null || (IDEMPOTENT.has(this.request.method ?? '') && this.upload === null);
  }

  /** On the next process if this one is dead, which the supervisor may learn after we do. */
  private async retry(generation: number): Promise<void> {
    this.retried = true;
    const withinMs = this.controller === null ? LISTENER_BACK_WITHIN_MS : EXIT_SEEN_WITHIN_MS;
    await this.gateway.pools.retired(generation, withinMs);
    this.start();
  }

  private awaitBacklog(lease: Lease): void {
    setTimeout(() => {
      if (!this.over) this.forward(lease, this.gateway.pools.for(lease));
    }, FULL_BACKLOG_WAIT_MS);
  }

  // ---- Ends ----------------------------------------------------------------------------------

  /** request_timeout has passed since the request, or the last part of its body, was sent. */
  timedOut(): void {
    // A slow client is not a slow tenant.
    if (this.upload?.waitsForClient) return void this.timer?.refresh();
    this.note('request timed out', 'no answer within request_timeout');
    this.answer('upstream_timeout', null);
    this.abandon(new Error('no answer within request_timeout'));
  }

  private closed(): void {
    this.gateway.inFlight.end(this.response);
    if (this.response.writableFinished || this.over) return;
    this.leaving?.abort();
    this.abandon(new Error('the client left'));
  }

  private abandon(reason: Error): void {
    this.over = true;
    this.stopTimer();
    this.controller?.abort(reason);
    this.release();
  }

  private release(): void {
    this.lease?.release();
    this.lease = null;
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private broken(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.gateway.logger.error({ ...this.about(), reason }, 'claim failed');
    this.answer('internal', null);
  }

  private answer(code: ErrorCode, retryAfterS: number | null): void {
    if (this.over) return;
    answerError(this.request, this.response, code, { requestId: this.caller.requestId, retryAfterS });
  }

  private note(message: string, reason: string): void {
    this.gateway.logger.warn({ ...this.about(), reason }, message);
  }

  private about(): object {
    return { instance: this.route.instance, requestId: this.caller.requestId };
  }
}

/** One function for all timers instead of a closure for each. */
function timeOut(exchange: Exchange): void {
  exchange.timedOut();
}
