/**
 * Recognises unambiguous requests (RFC 9112), which nearly all are. Pure. All others are left to node:http, including
 * those that it refuses: no request may pass here that node:http would read differently.
 */
import { MAX_KEPT_BYTES, readHeaderLines } from './header-lines.ts';

/** More than browsers send; node:http accepts 2000. */
const MAX_HEADERS = 100;
const HEAD_END = Buffer.from('\r\n\r\n');

/** RFC 9112 §3: the target in origin form, visible characters except `#`. */
const REQUEST_LINE = /^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1\r\n/;
const LENGTH = /^\d{1,15}$/;

/** Fields that concern the connection, or leave the length open. */
const NOT_PLAIN = new Set(['transfer-encoding', 'upgrade', 'expect', 'te', 'trailer']);

export interface PlainHead {
  readonly method: string;
  readonly url: string;
  readonly lines: HeaderLines;
  /** Whether the lines equal those of the previous request on the connection, byte for byte. */
  readonly isRepeated: boolean;
  /** Offset of the body in what was read. */
  readonly bodyAt: number;
}

/** The header lines of a request. Most clients repeat them with each request on a connection. */
export interface HeaderLines {
  /** Text as received; empty when the next request need not be compared with it. */
  readonly text: string;
  /** [name, value, …], latin1. */
  readonly rawHeaders: readonly string[];
  readonly framing: PlainFraming;
  /** The lines for a tenant, kept once the client has repeated its lines. */
  forwarded: ForwardedLines | null;
}

/** The header lines of one client for one tenant, before and after the request's id. */
export interface ForwardedLines {
  readonly tenantId: string;
  readonly trusted: boolean;
  /** As in `ForwardedBy`. */
  readonly prefix: string | undefined;
  readonly unbelieved: ReadonlySet<string> | undefined;
  readonly isTraced: boolean;
  readonly before: string;
  readonly after: string;
}

export interface PlainFraming {
  /** Length of the body in bytes. */
  readonly length: number;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
}

/**
 * Reads a head; null unless it is complete, and plain.
 * @param bytes what was read of a connection, from the beginning of a request
 * @param last lines of the previous request on the same connection
 */
export function readPlainHead(bytes: Buffer, maxHeadBytes: number, last: HeaderLines | null = null): PlainHead | null {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1 || end > maxHeadBytes) return null;
  const text = bytes.toString('latin1', 0, end);
  const line = REQUEST_LINE.exec(text);
  if (line === null) return null;
  const lineText = text.slice(line[0].length);
  const isRepeated = last !== null && last.text !== '' && last.text === lineText;
  const lines = isRepeated ? last : readLines(lineText, end <= MAX_KEPT_BYTES);
  if (lines === null) return null;
  return { method: line[1] ?? '', url: line[2] ?? '', lines, isRepeated, bodyAt: end + HEAD_END.length };
}

function readLines(text: string, isKept: boolean): HeaderLines | null {
  const rawHeaders = readHeaderLines(text, 0);
  if (rawHeaders === null || rawHeaders.length > MAX_HEADERS * 2) return null;
  const framing = framingOf(rawHeaders);
  return framing === null ? null : { text: isKept ? text : '', rawHeaders, framing, forwarded: null };
}

function framingOf(raw: readonly string[]): PlainFraming | null {
  let length: string | null = null;
  let connection: string | null = null;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    if (NOT_PLAIN.has(name)) return null;
    if (name === 'content-length') {
      if (length !== null || !LENGTH.test(value)) return null;
      length = value;
    } else if (name === 'connection') {
      if (connection !== null) return null;
      connection = value.toLowerCase();
    }
  }
  if (connection !== null && connection !== 'keep-alive' && connection !== 'close') return null;
  return { length: Number(length ?? 0), keepAlive: connection !== 'close' };
}
