/** A plain request, as the exchange sees it. */
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';
import type { ClientRequest } from '../client.ts';
import type { PlainBody } from './plain-body.ts';
import type { HeaderLines, PlainHead } from './plain-head.ts';
import type { PlainResponse } from './plain-response.ts';

interface PlainParts {
  readonly socket: Socket;
  readonly body: PlainBody | null;
  readonly response: PlainResponse;
}

export class PlainRequest implements ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  readonly isChunked = false;
  readonly body: PlainBody | null;
  readonly repeated: HeaderLines | null;
  private readonly response: PlainResponse;
  /** Bytes of the head, until they count. */
  private uncounted: number;

  constructor({ method, url, lines, isRepeated, bodyAt }: PlainHead, { socket, body, response }: PlainParts) {
    this.method = method;
    this.url = url;
    this.rawHeaders = lines.rawHeaders;
    this.socket = socket;
    this.body = body;
    this.repeated = isRepeated ? lines : null;
    this.response = response;
    this.uncounted = bodyAt;
  }

  countFor(traffic: Traffic): void {
    traffic.ingressBytes += this.uncounted;
    this.uncounted = 0;
    this.body?.countFor(traffic);
    this.response.traffic = traffic;
  }
}
