/**
 * Reads connections with node:http, of which nothing else in the proxy knows. node:http offers no way to take over a
 * connection in the middle, to keep one whose client has closed its sending half, or to close one without a reset, so this
 * file, request-feed.ts and half-close.ts reach behind its interface; what they rely on is covered by the suites that run
 * under both readers.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProxyLimits } from '../../../core/service/service.ts';
import type { ErrorCode } from '../../../errors.ts';
import { confine, confineWith, inside } from '../../../faults.ts';
import type { Logger } from '../../../logger.ts';
import { PacedQueue } from '../../exchange/paced-queue.ts';
import { askedProtocol } from '../../tunnel/upgrade-request.ts';
import { requestOf } from '../client.ts';
import type { ClientHandler, ClientOfSource } from '../client-source.ts';
import { linger } from '../linger.ts';
import { faultOf } from './request-fault.ts';
import { feedOf, RequestFeed } from './request-feed.ts';
import { ResponseCount } from './response-count.ts';

/** How often node:http looks for headers that take too long. */
const HEADER_CHECK_MS = 1000;

const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'client_too_slow',
};

export interface NodeHttpOptions {
  readonly limits: ProxyLimits;
  readonly logger: Logger;
  readonly handler: ClientHandler;
}

export class NodeHttpReader {
  /** Never listens: it is handed connections. */
  private readonly server: Server;
  private readonly handler: ClientHandler;
  private readonly refusals = new PacedQueue();

  constructor({ limits, logger, handler }: NodeHttpOptions) {
    this.handler = handler;
    this.server = serverOf(limits);
    const serve = (request: IncomingMessage, response: ServerResponse) => this.serve(request, response);
    this.server.on('request', serve);
    // With Expect: 100-continue the body is asked for when a tenant reads it.
    this.server.on('checkContinue', serve).on('checkExpectation', serve);
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket as Socket, head));
    this.server.on('connect', (_request, socket) => this.refuse(socket as Socket, 'bad_request'));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      feedOf(socket as Socket)?.stop();
      const code = REFUSALS[error.code ?? ''] ?? 'bad_request';
      this.refusals.add(inside(socket, () => handler.refuse(socket as Socket, code)));
    });
    confine(this.server, logger);
    // node:http checks for slow headers from here on.
    this.server.emit('listening');
  }

  /** Reads a paused socket from `bytes` on, which were read before. */
  take(socket: Socket, bytes: Buffer): ClientOfSource {
    return new RequestFeed(socket, bytes, () => this.server.emit('connection', socket));
  }

  /** Ends node:http's own timer. */
  close(): void {
    this.server.close();
  }

  private serve(message: IncomingMessage, response: ServerResponse): void {
    for (const part of [message, response]) confineWith(message.socket, part);
    const feed = feedOf(message.socket);
    feed?.began(message, response);
    lingerAtEnd(message, response);
    let count: ResponseCount | null = null;
    const request = requestOf(message, (traffic) => {
      feed?.countFor(traffic);
      count ??= new ResponseCount(message.socket, response);
      count.countFor(traffic);
    });
    const served = this.handler.serve(request, response, faultOf(message));
    response.once('close', () => served.closed()).on('drain', () => served.drained());
    served.start();
  }

  private upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    const rest = feedOf(socket)?.release() ?? Buffer.alloc(0);
    this.handler.upgrade(message, socket, rest.length === 0 ? head : Buffer.concat([head, rest]));
  }

  private refuse(socket: Socket, code: ErrorCode): void {
    feedOf(socket)?.stop();
    this.handler.refuse(socket, code);
  }
}

function serverOf({ headerTimeoutMs, keepAliveTimeoutMs, maxHeaderBytes }: ProxyLimits): Server {
  const server = createServer({
    requireHostHeader: false,
    // Uploads may take as long as they like.
    requestTimeout: 0,
    headersTimeout: headerTimeoutMs,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_MS, headerTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    shouldUpgradeCallback: (request) => askedProtocol(request) !== null,
  });
  // Otherwise node:http ends every connection whose client has closed its sending half. It has no option for it.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** node:http closes the connection by `destroySoon` as soon as its last answer is written. It has no option for it. */
function lingerAtEnd(message: IncomingMessage, response: ServerResponse): void {
  const { socket } = message;
  response.prependListener('finish', () => {
    if (message.complete && feedOf(socket)?.holds !== true) return;
    message.resume();
    const { destroySoon } = socket;
    socket.destroySoon = () => linger(socket);
    queueMicrotask(() => {
      socket.destroySoon = destroySoon;
    });
  });
}
