/**
 * Tracks whether a request is under way on a connection whose bytes are passed on unchanged. Pure. It understands
 * unambiguous requests and responses; after anything else (a pipelined request, a WebSocket) the state is unknown.
 */
import { readPlainHead } from '../client/plain/plain-head.ts';
import { ResponseReader, type ResponseSink } from '../upstream/response-reader.ts';

const MAX_HEAD_BYTES = 64 * 1024;
const IGNORE: ResponseSink = { onHead: () => {}, onBody: () => {}, onEnd: () => {} };

export class RequestTracker {
  private readonly reader = new ResponseReader(IGNORE);
  private isKnown = true;
  /** Whether the client has sent a request, and not yet got the whole response. */
  private isOwed = false;
  /** Bytes left of a request's body. */
  private bodyBytesLeft = 0;

  /**
   * Whether the connection is between two requests: the client waits for nothing, and another process may take the next
   * one.
   */
  get isBetween(): boolean {
    return this.isKnown && !this.isOwed && this.bodyBytesLeft === 0;
  }

  /** Whether a request is under way. */
  get isAsked(): boolean {
    return this.isKnown && this.isOwed;
  }

  /** Takes bytes from the client. */
  asked(bytes: Buffer): void {
    if (!this.isKnown || bytes.length === 0) return;
    if (this.bodyBytesLeft > 0) return this.took(bytes.length);
    const head = this.isOwed ? null : readPlainHead(bytes, MAX_HEAD_BYTES);
    if (head === null) return this.lose();
    this.isOwed = true;
    this.reader.begin(head.method === 'HEAD');
    this.bodyBytesLeft = head.lines.framing.length;
    this.took(bytes.length - head.bodyAt);
  }

  private took(bodyBytes: number): void {
    this.bodyBytesLeft -= bodyBytes;
    if (this.bodyBytesLeft < 0) this.lose();
  }

  /** Takes bytes from the tenant. */
  answered(bytes: Buffer): void {
    if (!this.isKnown) return;
    if (!this.isOwed) return this.lose();
    try {
      this.reader.push(bytes);
    } catch {
      return this.lose();
    }
    if (!this.reader.isDone) return;
    this.isOwed = false;
    if (!this.reader.isReusable) this.lose();
  }

  private lose(): void {
    this.isKnown = false;
  }
}
