/**
 * A request's body on its way to a tenant. Stands between the client's request and undici, which
 * destroys the body that it was given when the exchange ends early: the client's connection must
 * outlive that, to carry the answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

export class Upload extends Readable {
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private attached = false;
  /** Whether the tenant would take more and the client has not sent it yet. */
  waitsForClient = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    super();
    this.request = request;
    this.response = response;
    // undici destroys it with the reason of a failed exchange, which it reports by itself.
    this.on('error', () => {});
  }

  private readonly onData = (chunk: Buffer): void => {
    this.waitsForClient = false;
    if (!this.push(chunk)) this.request.pause();
  };

  private readonly onEnd = (): void => {
    this.waitsForClient = false;
    this.push(null);
  };

  override _read(): void {
    if (!this.attached) this.attach();
    this.waitsForClient = !this.request.readableEnded;
    this.request.resume();
  }

  private attach(): void {
    this.attached = true;
    // Asked for the body only when a tenant takes it: whoever is refused need not send it.
    const { expect } = this.request.headers;
    if (expect?.toLowerCase() === '100-continue' && !this.response.headersSent) this.response.writeContinue();
    this.request.on('data', this.onData).once('end', this.onEnd);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.waitsForClient = false;
    if (this.attached) {
      this.request.off('data', this.onData).off('end', this.onEnd);
      // The rest is read and thrown away, so that a client that reads only when it has sent all gets its answer.
      this.request.resume();
    }
    callback(error);
  }
}
