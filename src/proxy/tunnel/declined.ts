/**
 * The answer of a tenant that declines to switch protocols, on its way to the client. http-proxy would write it as fast as the
 * tenant sends it, and keep in memory what the client does not take. Here the tenant waits for the client.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { confineWith, endOf } from '../../faults.ts';
import { PlainResponse } from '../client/plain/plain-response.ts';
import { reasonPhrase, sendTrailers } from '../exchange/reply.ts';
import { type Stallable, StallTimer } from '../exchange/stall-timer.ts';
import { paceTransfer } from '../exchange/transfer-budget.ts';
import { responseHeaders } from '../routing/headers.ts';

export interface DeclinedOptions {
  /** How long the request was held for a wake, in ms, or null. */
  readonly heldMs: number | null;
  /** A client that takes no byte for this long is cut off; 0: never. */
  readonly bodyIdleTimeoutMs: number;
}

/** Passes the answer on, then closes the connection. An answer that breaks off breaks off for the client too. */
export function passDeclined(answer: IncomingMessage, client: Socket, options: DeclinedOptions): void {
  confineWith(client, answer);
  const owner = { socket: client, keepAliveLines: '', onAnswered: () => client.destroySoon() };
  const response = new PlainResponse(owner, { isHead: false, keepAlive: false });
  const { statusCode = 502, statusMessage, rawHeaders } = answer;
  response.writeHead(statusCode, reasonPhrase(statusMessage), responseHeaders(rawHeaders, options.heldMs));
  response.flushHeaders();
  const stall = new StallTimer();
  const stallable: Stallable = { stalled: () => client.destroy(), broken: (error) => endOf(client, error) };
  const watch = () => stall.watch(options.bodyIdleTimeoutMs, stallable);
  answer.on('data', (bytes: Buffer) => {
    if (response.write(bytes)) return;
    answer.pause();
    watch();
  });
  client.on('drain', () => {
    stall.stop();
    answer.resume();
  });
  paceTransfer(answer, client);
  // What the client still sends is discarded: a connection that is not read does not tell of its end.
  client.resume();
  client.once('close', () => stall.stop());
  answer.once('end', () => {
    sendTrailers(response, answer.rawTrailers);
    response.end();
    if (client.writableLength > 0) watch();
  });
  answer.once('close', () => answer.complete || client.destroy());
}
