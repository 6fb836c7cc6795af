/** A request on a connection to a tenant, as who sends it sees it. */
import type { ResponseHead } from './response-reader.ts';

/** What becomes of a request. After `onEnd` or `onError` nothing more comes. */
export interface UpstreamHandler {
  /** It is being written: from now on the tenant may have seen it. */
  onSent(): void;
  onHead(head: ResponseHead): void;
  /** `bytes` may be used again when it returns. */
  onBody(bytes: Buffer): void;
  /** All that was read at once has been told, and `bytes` are about to be overwritten, unless they are kept. */
  onTold(): void;
  onEnd(trailers: string[]): void;
  /** `heard`: something of an answer had come. */
  onError(error: Error & { readonly code?: string }, heard: boolean): void;
  /** More of a request's body can be written. */
  onDrain(): void;
  /** No answer has begun within the time-out; the connection goes on. */
  onTimeout(): void;
}

export interface SendOptions {
  readonly isHead: boolean;
  readonly isWhole: boolean;
  readonly timeoutMs: number;
}
