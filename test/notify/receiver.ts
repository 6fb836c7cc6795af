/** A receiver of webhooks on a random port of 127.0.0.1, closed after the test. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The event in the body. */
  readonly event: { readonly seq: number; readonly type: string; readonly instance: string | null };
}

/** What it does with a message: a status, or anything with the response. */
export type Answer = number | ((response: ServerResponse, request: IncomingMessage) => void);

export class Receiver {
  readonly received: Received[] = [];
  port = 0;
  /** Chooses the answer to each message. */
  answer: (message: Received, count: number) => Answer = () => 204;
  private readonly server = createServer((request, response) => void this.take(request, response));
  private waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    onTestFinished(() => this.close());
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  get types(): string[] {
    return this.received.map(({ event }) => event.type);
  }

  get seqs(): number[] {
    return this.received.map(({ event }) => event.seq);
  }

  /** Settles when it has received so many messages. */
  async count(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => this.waiting.push({ count, resolve }));
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const message = { headers: request.headers, body, event: JSON.parse(body).data };
    this.received.push(message);
    const answer = this.answer(message, this.received.length);
    if (typeof answer === 'function') answer(response, request);
    else response.writeHead(answer).end();
    for (const { resolve } of this.waiting.filter(({ count }) => count <= this.received.length)) resolve();
    this.waiting = this.waiting.filter(({ count }) => count > this.received.length);
  }
}

export function startReceiver(): Promise<Receiver> {
  return new Receiver().listen();
}

/** Never answers. */
export const HANG: Answer = () => {};
