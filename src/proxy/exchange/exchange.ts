/** One request on its way to a tenant and back: held, forwarded, tried once more if that is safe, answered once. */
import type { Admission, Lease, Outcome, Refusal } from '../../core/admission/serving.ts';
import type { RateLimitFields } from '../../core/quota/rate-limit-fields.ts';
import type { ErrorCode } from '../../errors.ts';
import { fault, inside } from '../../faults.ts';
import { type ClientRequest, type ClientResponse, protoOf, type ServedRequest } from '../client/client.ts';
import type { Caller, Gateway } from '../gateway.ts';
import { isEventStream, requestHead } from '../routing/headers.ts';
import type { Route } from '../routing/route.ts';
import type { ResponseHead } from '../upstream/response-reader.ts';
import { FULL_BACKLOG_WAIT_MS } from '../upstream/upstream-address.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { UpstreamHandler } from '../upstream/upstream-handler.ts';
import { Download, type DownloadHooks } from './download.ts';
import { answerError } from './error-page.ts';
import { InterimAnswers, type InterimHooks, TOO_MANY_INTERIM } from './interim.ts';
import { Observed } from './observed.ts';
import { isRepeatable } from './repeatable.ts';
import { sendHead, sendTrailers } from './reply.ts';
import { Retries } from './retries.ts';
import { StallTimer } from './stall-timer.ts';
import { Upload } from './upload.ts';

/** Error codes for too many open files in this process, or on this machine. */
const SCARCE = new Set(['EMFILE', 'ENFILE']);

export class Exchange implements ServedRequest, UpstreamHandler, DownloadHooks, InterimHooks {
  private readonly request: ClientRequest;
  private readonly response: ClientResponse;
  private readonly route: Route;
  private readonly caller: Caller;
  private readonly gateway: Gateway;
  private readonly observed: Observed;
  /** Set while the request is held. */
  private leaving: AbortController | null = null;
  private lease: Lease | null = null;
  /** Outcome of the request that the lease is for. Until it is `unsent` no more, the tenant has not seen the request. */
  private outcome: Outcome | undefined = 'unsent';
  private readonly download: Download;
  private upload: Upload | null = null;
  private connection: UpstreamConnection | null = null;
  /** Runs while a body waits for the client. Created on demand, because most requests have no such body. */
  private stall: StallTimer | null = null;
  private retries: Retries | null = null;
  private interim: InterimAnswers | null = null;
  /** The client left, or has its response, so further output of the tenant is ignored. */
  private over = false;

  constructor(request: ClientRequest, response: ClientResponse, route: Route, caller: Caller, gateway: Gateway) {
    this.request = request;
    this.response = response;
    this.route = route;
    this.caller = caller;
    this.gateway = gateway;
    this.download = new Download(response, this);
    this.observed = new Observed(gateway, request, route, caller);
  }

  start(): void {
    if (this.over) return;
    const { gateway } = this;
    const claim = gateway.source.claim(this.route.instance, gateway.spare.signal, this.retries?.secondTry, this.caller);
    if (!(claim instanceof Promise)) return this.claimed(claim);
    this.leaving = gateway.spare;
    gateway.spare = new AbortController();
    claim.then((settled) => this.claimed(settled)).catch((error: unknown) => this.broken(error));
  }

  private claimed(claim: Admission): void {
    this.leaving = null;
    if ('refused' in claim) return this.refused(claim);
    if (this.over) return claim.release('unsent');
    this.lease = claim;
    if (claim.heldMs !== null) this.observed.trace?.held(claim.heldMs);
    this.forward(claim);
  }

  private refused({ refused, retryAfterS, rateLimit }: Refusal): void {
    if (this.retries?.secondTry !== undefined) this.note('request not sent again', refused);
    this.answer(refused, retryAfterS, rateLimit);
  }

  private forward(lease: Lease): void {
    const { request, response, route, caller } = this;
    const { peer, trusted, requestId } = caller;
    const { method, body } = request;
    this.outcome = 'unsent';
    // The time to the first byte of the answer begins with the last part of the request.
    const onMoved = () => this.connection?.postpone();
    this.upload = body === null ? null : new Upload(request, body, response, onMoved);
    const proto = protoOf(request.socket);
    const { host, prefix, unbelieved } = route;
    const { trace } = this.observed;
    const by = { peer, trusted, requestId, host, proto, tenantId: lease.tenantId, prefix, unbelieved, trace };
    const head = requestHead(request, route.path, by);
    this.connection = this.gateway.pools.for(lease).take(isRepeatable(request));
    const isWhole = this.upload === null;
    this.connection.send(head, { isHead: method === 'HEAD', isWhole, timeoutMs: lease.requestTimeoutMs }, this);
  }

  // ---- Calls of the connection ---------------------------------------------------------------

  onSent(): void {
    this.outcome = undefined;
    if (this.lease !== null) this.observed.passedOn(this.lease.traffic);
    if (this.connection === null || this.upload === null) return;
    this.upload.begin(this.connection);
    this.watchStall();
  }

  onDrain(): void {
    this.upload?.drained();
  }

  onHead(head: ResponseHead): void {
    const { response, lease } = this;
    if (this.over) return;
    if (head.status < 200) {
      this.interim ??= new InterimAnswers(response, this);
      return this.interim.pass(head.status, head.headers);
    }
    this.observed.answered(head.status);
    sendHead(response, head, { isHead: this.request.method === 'HEAD', heldMs: lease?.heldMs ?? null });
    if (!isEventStream(head.headers)) return;
    lease?.becomeStream();
    this.gateway.inFlight.becomeStream(this.request.socket);
    this.gateway.inFlight.end(response);
  }

  onBody(bytes: Buffer): void {
    if (!this.over && this.connection !== null) this.download.take(bytes, this.connection);
  }

  onTold(): void {
    if (!this.over && this.connection !== null) this.download.told(this.connection);
  }

  onEnd(trailers: string[]): void {
    const { response, connection } = this;
    this.connection = null;
    this.outcome = 'answered';
    if (!this.over && connection !== null) {
      sendTrailers(response, trailers);
      this.download.end(connection);
    }
    this.release();
  }

  onError(error: Error & { code?: string }, heard: boolean): void {
    this.connection = null;
    if (this.over) return this.release();
    const { lease } = this;
    const isUnsent = this.outcome === 'unsent';
    if (error.code === 'EAGAIN' && lease !== null && isUnsent) return this.awaitBacklog(lease);
    // The tenant had closed a kept connection; another or a new connection takes the request.
    if (error.code === 'EPIPE' && lease !== null && isUnsent) return this.forward(lease);
    if (SCARCE.has(error.code ?? '') && isUnsent) return this.lackDescriptor(error);
    this.outcome ??= 'broke-off';
    this.release();
    // A truncated body must not look complete.
    if (this.response.headersSent) return void this.response.destroy();
    this.retries ??= new Retries(this.request);
    if (lease !== null && this.retries.allows({ generation: lease.generation, sent: !isUnsent, heard })) {
      return void this.retry(this.retries, lease.generation).catch((error: unknown) => this.broken(error));
    }
    this.note('request failed', error.message);
    this.answer('upstream_failed', null);
  }

  /** Answers when this process lacks a descriptor, for which the tenant is not to blame. */
  private lackDescriptor(error: Error): void {
    this.release();
    this.note('request refused', error.message);
    this.answer('at_capacity', 1);
  }

  // ---- Calls of the download and of interim responses ----------------------------------------

  onFull(): void {
    this.connection?.pause();
    this.watchStall();
  }

  drained(): void {
    if (this.download.drained()) this.onTaken();
  }

  onTaken(): void {
    this.stall?.putOff();
    this.connection?.resume();
  }

  onFlood(): void {
    this.note('request failed', TOO_MANY_INTERIM);
    this.answer('upstream_failed', null);
    this.abandon();
  }

  private get interimWaits(): boolean {
    return this.interim?.waitsForClient === true;
  }

  /** Disconnects a client that moves no byte of a body for too long. A body that was not asked for does not count. */
  private watchStall(): void {
    this.stall ??= new StallTimer();
    this.stall.watch(this.gateway.limits.bodyIdleTimeoutMs, this);
  }

  /** Called by the stall timer. */
  stalled(): void {
    const waits = this.upload?.waitsForClient === true || this.response.writableNeedDrain || this.interimWaits;
    const uploadMovedMs = this.upload?.idleMs() ?? Number.POSITIVE_INFINITY;
    if (this.over) return;
    if (!waits || uploadMovedMs < this.gateway.limits.bodyIdleTimeoutMs) return this.stall?.putOff();
    this.note('client cut off', 'no byte of a body moved within body_idle_timeout');
    // No other response fits into one that the client does not accept.
    if (this.response.headersSent || this.interimWaits) this.response.destroy();
    else this.answer('client_too_slow', null);
    this.abandon();
  }

  // ---- Second tries --------------------------------------------------------------------------

  /** Retries on the next process if this one is dead, which the supervisor may learn later than this connection. */
  private async retry(retries: Retries, generation: number): Promise<void> {
    await this.gateway.pools.retired(generation, retries.begin(generation, this.outcome !== 'unsent'));
    this.start();
  }

  private awaitBacklog(lease: Lease): void {
    this.retries ??= new Retries(this.request);
    if (this.retries.hasWaitedForBacklog(lease.requestTimeoutMs)) return this.onTimeout();
    const forwardAgain = () => {
      if (!this.over) this.forward(lease);
    };
    setTimeout(inside(this.request.socket, forwardAgain), FULL_BACKLOG_WAIT_MS);
  }

  // ---- Ends ----------------------------------------------------------------------------------

  /** Called when request_timeout has passed since the request, or the last part of its body, was sent. */
  onTimeout(): void {
    // A slow client is not a slow tenant.
    if (this.upload?.waitsForClient || this.interimWaits) return this.connection?.postpone();
    this.note('request timed out', 'no answer within request_timeout');
    this.answer('upstream_timeout', null);
    this.abandon();
  }

  closed(): void {
    try {
      this.gateway.inFlight.end(this.response);
      this.observed.trace?.end();
    } finally {
      this.leaving?.abort();
      if (!this.over) this.abandon();
    }
  }

  private abandon(): void {
    this.over = true;
    this.connection?.destroy();
    this.connection = null;
    this.release();
  }

  private release(): void {
    const { lease } = this;
    this.lease = null;
    try {
      this.stall?.stop();
      this.upload?.stop();
    } finally {
      lease?.release(this.outcome);
    }
  }

  /** Ends the request after an unexpected error. */
  broken(error: unknown): void {
    fault(this.gateway.logger, error, this.about());
    if (this.over) return this.release();
    if (this.response.headersSent) this.response.destroy();
    else this.answer('internal', null);
    this.abandon();
  }

  private answer(code: ErrorCode, retryAfterS: number | null, rateLimit?: RateLimitFields): void {
    if (this.over) return;
    this.observed.refused(code);
    answerError(this.request, this.response, code, { requestId: this.caller.requestId, retryAfterS, rateLimit });
  }

  private note(message: string, reason: string): void {
    this.gateway.logger.warn({ ...this.about(), reason }, message);
  }

  private about(): Record<string, unknown> {
    return { instance: this.route.instance, requestId: this.caller.requestId };
  }
}
