/**
 * The response to a plain request, written in the same form as by node:http but at lower cost. node:http's own response
 * is made for header fields that are set one by one, and for every kind of connection.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Traffic } from '../../../core/usage/traffic.ts';
import { flat, hasHeader } from '../../routing/headers.ts';
import type { ClientResponse } from '../client.ts';

export interface PlainResponseOwner {
  readonly socket: Socket;
  /** `Connection` and related fields, for a connection that is kept. */
  readonly keepAliveLines: string;
  /** The response has been written. */
  onAnswered(): void;
}

/** How the client finds the end of the body. */
type BodyFraming = 'none' | 'length' | 'chunked';

export class PlainResponse implements ClientResponse {
  shouldKeepAlive: boolean;
  headersSent = false;
  readonly req: { readonly socket: Socket; readonly httpVersionMinor: number };
  private readonly owner: PlainResponseOwner;
  private readonly isHead: boolean;
  private framing: BodyFraming = 'none';
  /** Whether the tenant has set `Date`. */
  private isDated = false;
  /** Complete, but not yet written. */
  private head = '';
  private trailers = '';
  /** Where its bytes count; null: nowhere. */
  traffic: Traffic | null = null;

  constructor(owner: PlainResponseOwner, { isHead, keepAlive }: { isHead: boolean; keepAlive: boolean }) {
    this.owner = owner;
    this.isHead = isHead;
    this.shouldKeepAlive = keepAlive;
    this.req = { socket: owner.socket, httpVersionMinor: 1 };
  }

  get socket(): Socket {
    return this.owner.socket;
  }

  get writableLength(): number {
    return this.socket.writableLength;
  }

  get writableNeedDrain(): boolean {
    return this.socket.writableNeedDrain;
  }

  writeHead(status: number, reason: string | undefined, headers: readonly string[]): void {
    this.headersSent = true;
    let head = `HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? 'unknown'}\r\n`;
    for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
    this.isDated = hasHeader(headers, 'date');
    if (!this.isDated) head += `Date: ${dateNow()}\r\n`;
    head += this.shouldKeepAlive ? this.owner.keepAliveLines : 'Connection: close\r\n';
    if (this.isHead || status === 204 || status === 304) this.framing = 'none';
    else this.framing = hasHeader(headers, 'content-length') ? 'length' : 'chunked';
    this.head = `${head}${this.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`;
  }

  /**
   * The head, if another response with the same fields has it, too: its body has a length, and its date is the
   * tenant's.
   */
  get writtenHead(): string | null {
    return this.framing === 'length' && this.isDated ? flat(this.head) : null;
  }

  writeHeadAgain(head: string): void {
    this.headersSent = true;
    this.framing = 'length';
    this.head = head;
  }

  flushHeaders(): void {
    if (this.head !== '') this.writeText(this.takeHead());
  }

  write(bytes: Buffer): boolean {
    const { socket, framing } = this;
    if (framing === 'none') return true;
    if (this.traffic !== null) this.traffic.egressBytes += bytes.length;
    if (this.head === '' && framing === 'length') return socket.write(bytes);
    socket.cork();
    const before = this.takeHead() + (framing === 'chunked' ? sizeLine(bytes.length) : '');
    this.writeText(before);
    let hasRoom = socket.write(bytes);
    if (framing === 'chunked') hasRoom = this.writeText('\r\n');
    socket.uncork();
    return hasRoom;
  }

  /** With `bytes` as a string and `latin1`, everything left goes out in one write. */
  end(bytes: string | Buffer = '', encoding: BufferEncoding = 'utf8'): void {
    const { socket } = this;
    const text = typeof bytes === 'string' ? latin1Of(bytes, encoding) : '';
    socket.cork();
    if (typeof bytes !== 'string') this.write(bytes);
    const last = this.takeHead() + (this.framing === 'none' ? '' : this.lastPart(text));
    if (last !== '') this.writeText(last);
    socket.uncork();
    this.owner.onAnswered();
  }

  private lastPart(text: string): string {
    if (this.framing === 'length') return text;
    return `${text === '' ? '' : `${sizeLine(text.length)}${text}\r\n`}0\r\n${this.trailers}\r\n`;
  }

  addTrailers(trailers: readonly (readonly [name: string, value: string])[]): void {
    for (const [name, value] of trailers) this.trailers += `${name}: ${value}\r\n`;
  }

  writeContinue(): void {
    this.inform('100 Continue', '');
  }

  writeProcessing(): void {
    this.inform('102 Processing', '');
  }

  writeEarlyHints({ link }: { readonly link: readonly string[] }): void {
    this.inform('103 Early Hints', `Link: ${link.join(', ')}\r\n`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private inform(status: string, headers: string): void {
    this.writeText(`HTTP/1.1 ${status}\r\n${headers}\r\n`);
  }

  /** @param text latin1 */
  private writeText(text: string): boolean {
    if (this.traffic !== null) this.traffic.egressBytes += text.length;
    return this.socket.write(text, 'latin1');
  }

  private takeHead(): string {
    const { head } = this;
    this.head = '';
    return head;
  }
}

function sizeLine(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** Converts text to characters of one byte each. */
function latin1Of(text: string, encoding: BufferEncoding): string {
  return encoding === 'latin1' ? text : Buffer.from(text, encoding).toString('latin1');
}

let date = '';
let dateUntilMs = 0;

/** Returns the date by RFC 9110 §6.6.1, cached for the current second. */
function dateNow(): string {
  const nowMs = Date.now();
  if (nowMs < dateUntilMs && nowMs >= dateUntilMs - 1000) return date;
  date = new Date(nowMs).toUTCString();
  dateUntilMs = nowMs - (nowMs % 1000) + 1000;
  return date;
}
