/**
 * A tenant's response that declines to switch protocols. http-proxy would write it to the client as fast as the tenant
 * sends it, and buffer what the client does not accept. Here the tenant waits for the client.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { confineWith, inside } from '../../faults.ts';
import { PlainResponse } from '../client/plain-response.ts';
import { responseHeaders } from '../routing/headers.ts';
import { reasonPhrase, sendTrailers } from './reply.ts';
import { takeTurns } from './turn.ts';

export interface DeclinedOptions {
  /** How long the request was held for a wake, in ms; null: not at all. */
  readonly heldMs: number | null;
  /** A client that accepts no byte for this time is disconnected; 0: never. */
  readonly bodyIdleTimeoutMs: number;
}

/** Replaces http-proxy's handling of a response that does not switch. */
export function onDeclined(upstream: ClientRequest, passOn: (answer: IncomingMessage) => void): void {
  upstream.removeAllListeners('response').once('response', passOn);
}

/** Passes the response on, then closes the connection. A truncated response is truncated for the client, too. */
export function passDeclined(answer: IncomingMessage, client: Socket, options: DeclinedOptions): void {
  confineWith(client, answer);
  const owner = { socket: client, keepAliveLines: '', onAnswered: () => client.destroySoon() };
  const response = new PlainResponse(owner, { isHead: false, keepAlive: false });
  const { statusCode = 502, statusMessage, rawHeaders } = answer;
  response.writeHead(statusCode, reasonPhrase(statusMessage), responseHeaders(rawHeaders, options.heldMs));
  response.flushHeaders();
  const stall = new Stall(client, options.bodyIdleTimeoutMs);
  answer.on('data', (bytes: Buffer) => {
    if (response.write(bytes)) return;
    answer.pause();
    stall.begin();
  });
  client.on('drain', () => {
    stall.end();
    answer.resume();
  });
  takeTurns(answer, client);
  // Further data from the client is discarded; an unread connection would not report its end.
  client.resume();
  client.once('close', () => stall.end());
  answer.once('end', () => {
    sendTrailers(response, answer.rawTrailers);
    response.end();
    if (client.writableLength > 0) stall.begin();
  });
  answer.once('close', () => answer.complete || client.destroy());
}

/** Disconnects a client that accepts nothing. */
class Stall {
  private timer: NodeJS.Timeout | null = null;
  private readonly client: Socket;
  private readonly limitMs: number;

  constructor(client: Socket, limitMs: number) {
    this.client = client;
    this.limitMs = limitMs;
  }

  begin(): void {
    const { client, limitMs } = this;
    const cut = inside(client, () => client.destroy());
    if (limitMs > 0) this.timer ??= setTimeout(cut, limitMs).unref();
  }

  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
