/**
 * The interim responses (1xx) to one request on their way to the client: no faster than it accepts them, and not too
 * many.
 */
import type { ClientResponse } from '../client/client.ts';
import { informClient } from './reply.ts';

/**
 * Limit for one request. More of them are a flood: early hints are sent once or twice, a sign of life (102, RFC 2518
 * §10.1) every few seconds.
 */
export const MAX_INTERIM = 1000;
/** Why a request with more of them fails, for the log. */
export const TOO_MANY_INTERIM = `it sent more than ${MAX_INTERIM} interim (1xx) answers`;

export interface InterimHooks {
  /** The client has not accepted what was written: no more should be read. */
  onFull(): void;
  /** The client has accepted it. */
  onTaken(): void;
  /** There are too many. */
  onFlood(): void;
}

export class InterimAnswers {
  /** Whether one waits until the client accepts it. */
  waitsForClient = false;
  private readonly response: ClientResponse;
  private readonly hooks: InterimHooks;
  private count = 0;

  constructor(response: ClientResponse, hooks: InterimHooks) {
    this.response = response;
    this.hooks = hooks;
  }

  /** @param headers raw */
  pass(status: number, headers: readonly string[]): void {
    this.count += 1;
    if (this.count > MAX_INTERIM) return this.hooks.onFlood();
    informClient(this.response, status, headers);
    const { socket } = this.response;
    if (socket?.writableNeedDrain !== true || this.waitsForClient) return;
    this.waitsForClient = true;
    // node:http emits `drain` on a response only for its body.
    socket.once('drain', () => {
      this.waitsForClient = false;
      this.hooks.onTaken();
    });
    this.hooks.onFull();
  }
}
