/** A request's body on its way to a tenant, no faster than the tenant accepts it. */
import type { ClientBody, ClientRequest, ClientResponse } from '../client/client.ts';
import { asksForGoAhead } from '../client/node/request-fault.ts';
import { headerValues } from '../routing/headers.ts';
import { passableTrailers } from '../routing/trailers.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import { type Transfer, transferBudget } from './transfer-budget.ts';

export class Upload implements Transfer {
  private readonly request: ClientRequest;
  private readonly body: ClientBody;
  private readonly response: ClientResponse;
  private connection: UpstreamConnection | null = null;
  /** Whether the tenant would accept more, and the client has not sent it yet. */
  waitsForClient = false;
  /** Whether it waits for its turn. */
  private isHeld = false;
  private movedAtMs = 0;
  private readonly onMoved: () => void;

  /** @param onMoved called for each part that was sent on, and at the end */
  constructor(request: ClientRequest, body: ClientBody, response: ClientResponse, onMoved: () => void) {
    this.onMoved = onMoved;
    this.request = request;
    this.body = body;
    this.response = response;
  }

  /** Returns how long no byte has arrived, in ms. */
  idleMs(): number {
    return performance.now() - this.movedAtMs;
  }

  /** Starts when a tenant accepts the body, so that a client that is refused earlier need not send it. */
  begin(connection: UpstreamConnection): void {
    this.connection = connection;
    if (this.waitsForGoAhead && !this.response.headersSent) this.response.writeContinue();
    this.body.on('data', this.onData).once('end', this.onEnd);
    this.waitsForClient = true;
    this.movedAtMs = performance.now();
  }

  private get waitsForGoAhead(): boolean {
    const { request, response } = this;
    return response.req.httpVersionMinor > 0 && asksForGoAhead(headerValues(request.rawHeaders, 'expect')[0]);
  }

  /** The tenant accepts more. */
  drained(): void {
    if (this.connection === null) return;
    this.waitsForClient = true;
    if (!this.isHeld) this.body.resume();
  }

  hold(): void {
    this.isHeld = true;
    this.body.pause();
  }

  proceed(): void {
    this.isHeld = false;
    if (this.waitsForClient) this.body.resume();
  }

  /**
   * Discards the rest, because nobody takes it. It is still read, so that a client that reads only after sending
   * everything gets its response.
   */
  stop(): void {
    if (this.connection === null) return;
    this.connection = null;
    this.waitsForClient = false;
    this.body.off('data', this.onData).off('end', this.onEnd).resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.connection === null) return;
    this.movedAtMs = performance.now();
    this.onMoved();
    transferBudget.spend(chunk.length, this);
    if (this.send(this.connection, chunk)) return;
    this.waitsForClient = false;
    this.body.pause();
  };

  private send(connection: UpstreamConnection, chunk: Buffer): boolean {
    if (!this.request.isChunked) return connection.write(chunk);
    connection.cork();
    connection.write(`${chunk.length.toString(16)}\r\n`);
    connection.write(chunk);
    const room = connection.write('\r\n');
    connection.uncork();
    return room;
  }

  private readonly onEnd = (): void => {
    const { connection } = this;
    this.waitsForClient = false;
    if (connection === null) return;
    this.onMoved();
    if (this.request.isChunked) connection.write(lastChunk(this.body.rawTrailers ?? []));
    connection.finish();
  };
}

/** Returns latin1. @param trailers raw */
function lastChunk(trailers: readonly string[]): string {
  const passed = passableTrailers(trailers);
  let lines = '';
  for (let index = 0; index < passed.length; index += 2) lines += `${passed[index]}: ${passed[index + 1]}\r\n`;
  return `0\r\n${lines}\r\n`;
}
