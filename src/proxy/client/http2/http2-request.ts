/** A request on an HTTP/2 stream, as the exchange sees it. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';
import { hasHeader } from '../../routing/headers.ts';
import type { ClientBody, ClientRequest } from '../client.ts';
import { type Http2Head, readHttp2Trailers } from './http2-head.ts';
import type { Http2Response } from './http2-response.ts';

export interface Http2RequestParts {
  readonly stream: ServerHttp2Stream;
  readonly socket: Socket;
  readonly response: Http2Response;
}

export class Http2Request implements ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly socket: Socket;
  readonly isChunked: boolean;
  readonly body: ClientBody | null;
  readonly repeated = null;
  private readonly response: Http2Response;
  private traffic: Traffic | null = null;
  /** Bytes that count nowhere yet. */
  private uncounted: number;

  constructor({ method, url, rawHeaders, bytes }: Http2Head, { stream, socket, response }: Http2RequestParts) {
    this.method = method;
    this.url = url;
    this.rawHeaders = rawHeaders;
    this.socket = socket;
    this.response = response;
    this.uncounted = bytes;
    const hasBody = !stream.endAfterHeaders;
    this.isChunked = hasBody && !hasHeader(rawHeaders, 'content-length');
    this.body = hasBody ? withTrailers(stream) : null;
  }

  countFor(traffic: Traffic): void {
    traffic.ingressBytes += this.uncounted;
    this.uncounted = 0;
    this.traffic = traffic;
    this.response.traffic = traffic;
  }

  /** Bytes of the body were received. */
  received(bytes: number): void {
    if (this.traffic === null) this.uncounted += bytes;
    else this.traffic.ingressBytes += bytes;
  }
}

function withTrailers(stream: ServerHttp2Stream): ClientBody {
  const body: ClientBody & { rawTrailers?: readonly string[] } = stream;
  // The types leave out the last argument.
  const note = (_headers: IncomingHttpHeaders, _flags: number, fields: string[] = []) => {
    body.rawTrailers = readHttp2Trailers(fields);
  };
  stream.on('trailers', note as (headers: IncomingHttpHeaders, flags: number) => void);
  return body;
}
