/**
 * Reads the fields of an HTTP/2 request as those of an HTTP/1.1 request (RFC 9113 §8.2 and §8.3). Pure. A tenant reads
 * HTTP/1.1, so nothing may pass that would end a line, the head or the message there. nghttp2 refuses or drops most of
 * it before; this file does not rely on that.
 */
import { METHODS } from 'node:http';
import type { ErrorCode } from '../../../errors.ts';
import { faultOf } from '../node/request-fault.ts';

export interface Http2Head {
  readonly method: string;
  /** In origin form, ASCII. */
  readonly url: string;
  /** As received; null: none. */
  readonly host: string | null;
  /** [name, value, …], latin1: `host` first, and all crumbs of `cookie` in one field. */
  readonly rawHeaders: readonly string[];
  /** Size of the head in bytes, as it would be in HTTP/1.1. */
  readonly bytes: number;
  /** Why the request is refused; null: it may be served. */
  readonly fault: ErrorCode | null;
}

/** The same as node:http knows. CONNECT is for forward proxies. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'));
/** RFC 9113 §8.2.1: no upper case. Otherwise a token (RFC 9110 §5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No control characters, no blank at either end. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** Origin form (RFC 9112 §3.2.1), and bytes that are percent-encoded. `*` concerns the server, and no tenant. */
const PATH = /^\/[\x21\x22\x24-\x7e\x80-\xff]*$/;
const SCHEME = /^https?$/i;

type Special = 'forbidden' | 'te' | 'cookie' | 'host';

/** Fields that concern the connection, which HTTP/2 has other means for (RFC 9113 §8.2.2); and those to be joined. */
const SPECIAL: ReadonlyMap<string, Special> = new Map([
  ['connection', 'forbidden'],
  ['keep-alive', 'forbidden'],
  ['proxy-connection', 'forbidden'],
  ['transfer-encoding', 'forbidden'],
  ['upgrade', 'forbidden'],
  ['http2-settings', 'forbidden'],
  ['te', 'te'],
  ['cookie', 'cookie'],
  ['host', 'host'],
]);

const REQUEST_LINE_REST = '  HTTP/1.1\r\n'.length;
const HEADER_REST = ': \r\n'.length;
const HOST_REST = 'host: \r\n'.length;
const HEAD_END_BYTES = '\r\n'.length;

/** @param fields [name, value, …] as received, latin1 */
export function readHttp2Head(fields: readonly string[], maxHeadBytes: number): Http2Head {
  const reading = new HeadReading();
  for (let index = 0; index < fields.length; index += 2) reading.take(fields[index] ?? '', fields[index + 1] ?? '');
  return reading.end(maxHeadBytes);
}

/** Returns the trailer fields of a request that could be header fields, [name, value, …]. */
export function readHttp2Trailers(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const [name = '', value = ''] = [fields[index], fields[index + 1]];
    if (NAME.test(name) && VALUE.test(value) && !SPECIAL.has(name)) kept.push(name, value);
  }
  return kept;
}

class HeadReading {
  private method: string | null = null;
  private scheme: string | null = null;
  private path: string | null = null;
  private authority: string | null = null;
  private host: string | null = null;
  private cookieAt = -1;
  /** The first two are `host`, once it is known. */
  private readonly headers: string[] = ['host', ''];
  private bytes = REQUEST_LINE_REST + HEAD_END_BYTES;
  private isMalformed = false;

  take(name: string, value: string): void {
    if (name.startsWith(':')) return this.takePseudo(name, value);
    this.bytes += name.length + value.length + HEADER_REST;
    if (!NAME.test(name) || !VALUE.test(value)) this.isMalformed = true;
    else this.takeField(name, value, SPECIAL.get(name));
  }

  private takeField(name: string, value: string, special: Special | undefined): void {
    const { headers } = this;
    if (special === 'host') {
      if (this.host !== null) this.isMalformed = true;
      this.host = value;
    } else if (special === 'cookie' && this.cookieAt !== -1) headers[this.cookieAt] += `; ${value}`;
    else {
      if (special === 'cookie') this.cookieAt = headers.length + 1;
      if (special === 'forbidden' || (special === 'te' && value.toLowerCase() !== 'trailers')) this.isMalformed = true;
      headers.push(name, value);
    }
  }

  private takePseudo(name: string, value: string): void {
    const before = this.pseudo(name);
    // Each once, none but these, and all before the other fields (RFC 9113 §8.3).
    if (before !== null || this.headers.length > 2 || this.host !== null) this.isMalformed = true;
    if (name === ':scheme') this.scheme = value;
    else this.bytes += value.length;
    if (name === ':method') this.method = value;
    else if (name === ':path') this.path = value;
    else if (name === ':authority') {
      this.authority = value;
      if (this.host === null) this.bytes += HOST_REST;
    }
  }

  private pseudo(name: string): string | null | undefined {
    if (name === ':method') return this.method;
    if (name === ':scheme') return this.scheme;
    if (name === ':path') return this.path;
    return name === ':authority' ? this.authority : undefined;
  }

  end(maxHeadBytes: number): Http2Head {
    const { method, path, headers } = this;
    const host = this.authority ?? this.host;
    if (host === null) headers.splice(0, 2);
    else headers[1] = host;
    return {
      method: method ?? '',
      url: inAscii(path ?? ''),
      host,
      rawHeaders: headers,
      bytes: this.bytes,
      fault: this.fault(host, maxHeadBytes),
    };
  }

  private fault(host: string | null, maxHeadBytes: number): ErrorCode | null {
    if (this.bytes > maxHeadBytes) return 'headers_too_large';
    if (this.isMalformed || !this.hasRequestLine()) return 'bad_request';
    // One request must not name two hosts: the tenant, or a cache on the way, could choose the other one.
    const isAmbiguous = this.host !== null && this.host.toLowerCase() !== host?.toLowerCase();
    if (isAmbiguous || (host !== null && !VALUE.test(host))) return 'bad_host';
    return faultOf({ httpVersion: '1.1', rawHeaders: this.headers });
  }

  private hasRequestLine(): boolean {
    const { method, path, scheme } = this;
    if (method === null || path === null || scheme === null) return false;
    return KNOWN_METHODS.has(method) && PATH.test(path) && SCHEME.test(scheme);
  }
}

/** Percent-encodes other bytes, as AsciiTarget does for HTTP/1. */
function inAscii(path: string): string {
  return path.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}
