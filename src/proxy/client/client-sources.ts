/**
 * The sources of requests of one proxy. Each connection has the one for the protocol that its TLS handshake agreed on;
 * without TLS that is HTTP/1.
 */
import type { Socket } from 'node:net';
import type { ClientOfSource, ClientSource } from './client-source.ts';
import { createHttp1Source } from './http1-source.ts';
import type { Http2SourceOptions } from './http2/http2-source.ts';
import type { NodeHttpOptions } from './node/node-http.ts';

/** The protocol of a TLS connection (ALPN) that `loadHttp2` makes this proxy speak. */
const HTTP2 = 'h2';

export type ClientSourcesOptions = NodeHttpOptions & Http2SourceOptions;

export class ClientSources implements ClientSource {
  private readonly options: ClientSourcesOptions;
  private readonly http1: ClientSource;
  private http2: ClientSource | null = null;

  constructor(options: ClientSourcesOptions) {
    this.options = options;
    this.http1 = createHttp1Source(options);
  }

  /** Loads what reads HTTP/2, before the first connection that may agree on it. */
  async loadHttp2(): Promise<void> {
    const { Http2Source } = await import('./http2/http2-source.ts');
    this.http2 ??= new Http2Source(this.options);
  }

  /** @param socket of TLS: after its handshake */
  take(socket: Socket): ClientOfSource {
    const { http2 } = this;
    const isHttp2 = 'alpnProtocol' in socket && socket.alpnProtocol === HTTP2;
    return (isHttp2 && http2 !== null ? http2 : this.http1).take(socket);
  }

  close(): void {
    this.http1.close();
    this.http2?.close();
  }
}
