/**
 * Reads HTTP/1.1 responses incrementally (RFC 9112). Pure: no socket, no time. Strict: an ambiguous or malformed
 * response is an error, after which the connection must be closed.
 */
import { MAX_KEPT_BYTES, readHeaderLines } from '../client/plain/header-lines.ts';
import { BadResponse, framingOf, type ResponseFraming } from './response-framing.ts';

/** Limit for status line and header fields together, and for trailers. */
const MAX_HEAD_BYTES = 64 * 1024;
/** Limit for a line with a chunk's size and extensions. */
const MAX_SIZE_LINE_BYTES = 4096;
/** Most hexadecimal digits of a chunk's size: up to 2^48. */
const MAX_SIZE_DIGITS = 12;
const CR = 13;
const LF = 10;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const BEGINNING = Buffer.from('HTTP/1.');

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const SIZE_LINE = /^([0-9A-Fa-f]+)[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

/** The head of a response. When a connection repeats the same bytes, the reader repeats the same object. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Raw, [name, value, …], as latin1. */
  readonly headers: readonly string[];
  /** Whether it has occurred before. */
  isRepeated: boolean;
  /**
   * Its form as written to a client, if it can be written unchanged again; null otherwise, or while it has not been
   * repeated.
   */
  written: string | null;
}

export interface ResponseSink {
  /** Called for each 1xx response, too, and again for the final one. */
  onHead(head: ResponseHead): void;
  /** Receives a part of the body. `bytes` may be reused after the call. */
  onBody(bytes: Buffer): void;
  onEnd(trailers: string[]): void;
}

type ReaderState = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done';

export class ResponseReader {
  private readonly sink: ResponseSink;
  private state: ReaderState = 'done';
  private noBody = false;
  /** Incomplete head or line. */
  private rest: Buffer | null = null;
  /** Bytes left of the body or the chunk. */
  private left = 0;
  private keepAlive = false;
  /** The last head that may be repeated. */
  private last: { readonly text: string; readonly head: ResponseHead; readonly framing: ResponseFraming } | null = null;

  constructor(sink: ResponseSink) {
    this.sink = sink;
  }

  /** Expects the response to a request. @param isHead for HEAD, whose response has no body */
  begin(isHead: boolean): void {
    this.state = 'head';
    this.noBody = isHead;
    this.rest = null;
    this.keepAlive = false;
  }

  /** Whether the response is complete, and another may follow on the same connection. */
  get isReusable(): boolean {
    return this.state === 'done' && this.keepAlive;
  }

  get isDone(): boolean {
    return this.state === 'done';
  }

  /** Reads bytes. @throws {BadResponse} */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'done') {
        // These bytes are unsolicited.
        this.keepAlive = false;
        return;
      }
      at = this.step(bytes, at);
    }
  }

  /** Handles the end of the connection. @throws {BadResponse} when the response was incomplete */
  eof(): void {
    if (this.state === 'done') return;
    if (this.state !== 'until-close') throw new BadResponse('the connection ended in the middle of the response');
    this.finish([]);
  }

  /** Reads as much as it can from `at` on; returns where it stopped. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.untilMark(bytes, at, HEAD_END, MAX_HEAD_BYTES, (text) => this.head(text));
      case 'size':
        return this.untilMark(bytes, at, LINE_END, MAX_SIZE_LINE_BYTES, (text) => this.size(text));
      case 'trailers':
        return this.trailers(bytes, at);
      case 'chunk-end':
        return this.untilMark(bytes, at, LINE_END, LINE_END.length, (text) => this.chunkEnd(text));
      case 'length':
      case 'chunk':
        return this.counted(bytes, at);
      case 'until-close':
        this.sink.onBody(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case 'done':
        return bytes.length;
    }
  }

  /** Collects bytes up to and including `mark`, and passes on what precedes it. */
  private untilMark(bytes: Buffer, at: number, mark: Buffer, limit: number, take: (text: string) => void): number {
    if (this.rest !== null) return this.afterRest(bytes, at, mark, limit, take);
    const end = bytes.indexOf(mark, at);
    if (end === -1) return this.keep(bytes.subarray(at), limit, bytes.length);
    if (end - at > limit) throw tooLong();
    take(bytes.toString('latin1', at, end));
    return end + mark.length;
  }

  private afterRest(bytes: Buffer, at: number, mark: Buffer, limit: number, take: (text: string) => void): number {
    const before = this.rest ?? Buffer.alloc(0);
    const joined = Buffer.concat([before, bytes.subarray(at)]);
    // The kept bytes may contain the start of the mark.
    const end = joined.indexOf(mark, Math.max(0, before.length - mark.length + 1));
    if (end === -1) return this.keep(joined, limit, bytes.length);
    if (end > limit) throw tooLong();
    this.rest = null;
    take(joined.toString('latin1', 0, end));
    return at + end + mark.length - before.length;
  }

  /** Fails early on bytes that can never become a message, such as lines that end with LF alone. */
  private keep(part: Buffer, limit: number, at: number): number {
    if (part.length > limit + HEAD_END.length) throw tooLong();
    if (hasBareLf(part, this.rest?.length ?? 0)) throw new BadResponse('a line ends without CR');
    if (this.state === 'head' && !isBegun(part)) throw notHttp();
    this.rest = Buffer.from(part);
    return at;
  }

  private head(text: string): void {
    const { last } = this;
    if (last !== null && last.text === text) {
      last.head.isRepeated = true;
      return this.final(last.head, last.framing);
    }
    const lineEnd = text.indexOf('\r\n');
    const match = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd));
    if (match === null) throw notHttp();
    const [, minor, code, reason = ''] = match;
    const headers = lineEnd === -1 ? [] : parseHeaders(text, lineEnd + 2);
    const head: ResponseHead = { status: Number(code), reason, headers, isRepeated: false, written: null };
    if (head.status < 200) return this.interim(head);
    const framing = framingOf(headers, minor === '1');
    this.last = text.length <= MAX_KEPT_BYTES ? { text, head, framing } : null;
    this.final(head, framing);
  }

  private interim(head: ResponseHead): void {
    if (head.status === 101) throw new BadResponse('it switches protocols, which nobody asked for');
    this.sink.onHead(head);
  }

  private final(head: ResponseHead, framing: ResponseFraming): void {
    this.keepAlive = framing.keepAlive;
    this.sink.onHead(head);
    this.enterBody(head.status, framing);
  }

  private enterBody(status: number, { chunked, length }: ResponseFraming): void {
    if (this.noBody || status === 204 || status === 304) return this.finish([]);
    if (chunked) this.state = 'size';
    else if (length === null) {
      this.state = 'until-close';
      this.keepAlive = false;
    } else if (length === 0) this.finish([]);
    else {
      this.state = 'length';
      this.left = length;
    }
  }

  private size(text: string): void {
    const [, digits] = SIZE_LINE.exec(text) ?? [];
    if (digits === undefined || digits.length > MAX_SIZE_DIGITS) throw new BadResponse('a chunk has no valid size');
    this.left = Number.parseInt(digits, 16);
    this.state = this.left === 0 ? 'trailers' : 'chunk';
  }

  private counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.left);
    this.left -= end - at;
    const wasChunk = this.state === 'chunk';
    if (this.left === 0 && wasChunk) this.state = 'chunk-end';
    this.sink.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.left === 0 && !wasChunk) this.finish([]);
    return end;
  }

  private chunkEnd(text: string): void {
    if (text !== '') throw new BadResponse('a chunk is longer than its size');
    this.state = 'size';
  }

  /** Reads trailers: either an immediate line end, or lines and an empty one. */
  private trailers(bytes: Buffer, at: number): number {
    const begun = this.rest?.[0] ?? bytes[at];
    if (begun === CR) return this.untilMark(bytes, at, LINE_END, LINE_END.length, (text) => this.noTrailers(text));
    if (begun === LF) throw new BadResponse('a line ends without CR');
    return this.untilMark(bytes, at, HEAD_END, MAX_HEAD_BYTES, (text) => this.finish(parseHeaders(text, 0)));
  }

  private noTrailers(text: string): void {
    if (text !== '') throw new BadResponse('its trailers are no headers');
    this.finish([]);
  }

  private finish(trailers: string[]): void {
    this.state = 'done';
    this.sink.onEnd(trailers);
  }
}

function parseHeaders(text: string, at: number): string[] {
  const headers = readHeaderLines(text, at);
  if (headers === null) throw new BadResponse('a header line is not "name: value"');
  return headers;
}

/** Whether a line ends without CR. Bytes up to `before` are known to contain no such line. */
function hasBareLf(bytes: Buffer, before: number): boolean {
  for (let at = bytes.indexOf(LF, before); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return true;
  }
  return false;
}

/** Whether `bytes` may be the beginning of a status line. */
function isBegun(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, BEGINNING.length);
  return bytes.compare(BEGINNING, 0, length, 0, length) === 0;
}

function notHttp(): BadResponse {
  return new BadResponse('it does not begin with an HTTP/1.1 status line');
}

function tooLong(): BadResponse {
  return new BadResponse('its head is too long');
}
