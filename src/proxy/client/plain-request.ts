/**
 * Recognises requests that can be read in one way only (RFC 9112), as nearly all can. Pure. Whatever is not plainly one
 * is left to node:http, also what it will refuse: nothing may pass here that node:http reads differently.
 */
import { readHeaderLines } from './header-lines.ts';

/** More than browsers send; node:http takes 2000. */
const MAX_HEADERS = 100;
const HEAD_END = Buffer.from('\r\n\r\n');

/** RFC 9112 §3: the target in origin form, visible characters but `#`. */
const REQUEST_LINE = /^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1\r\n/;
const LENGTH = /^\d{1,15}$/;

/** They concern the connection, or leave the length to be found out. */
const NOT_PLAIN = new Set(['transfer-encoding', 'upgrade', 'expect', 'te', 'trailer']);

/** A longer head is read anew each time: connections that are busy keep what they read last. */
const MAX_KEPT_BYTES = 2048;

export interface PlainHead {
  readonly method: string;
  readonly url: string;
  readonly lines: HeaderLines;
  /** Whether the lines are those of the request before it on the connection, byte by byte. */
  readonly isRepeated: boolean;
  /** Where the body begins in what was read. */
  readonly bodyAt: number;
}

/** The header lines of a request. Most clients send the same with each request on a connection. */
export interface HeaderLines {
  /** As they came; empty when the next request need not be compared with them. */
  readonly text: string;
  /** [name, value, …], latin1. */
  readonly rawHeaders: readonly string[];
  readonly framing: PlainFraming;
  /** What they became for a tenant, kept once they were repeated. */
  forwarded: ForwardedLines | null;
}

/** What the header lines of one client are for one tenant, before and after the request's id. */
export interface ForwardedLines {
  readonly tenantId: string;
  readonly trusted: boolean;
  readonly before: string;
  readonly after: string;
}

export interface PlainFraming {
  /** Bytes of the body. */
  readonly length: number;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
}

/**
 * `bytes`: what was read of a connection where a request begins. `last`: the lines of the request before it on the same
 * connection. Null unless its whole head is there, and plain.
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
