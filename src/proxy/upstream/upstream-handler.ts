/** A request on a connection to a tenant, as its sender sees it. */
import type { ResponseHead } from './response-reader.ts';

/** Receives the progress of a request. After `onEnd` or `onError` there are no further calls. */
export interface UpstreamHandler {
  /** The request is being written, so that the tenant may have seen it from now on. */
  onSent(): void;
  onHead(head: ResponseHead): void;
  /** `bytes` may be reused after the call. */
  onBody(bytes: Buffer): void;
  /** Everything that was read at once has been delivered. `bytes` will be overwritten unless they are kept. */
  onTold(): void;
  onEnd(trailers: string[]): void;
  /** @param heard whether a part of a response had arrived */
  onError(error: Error & { readonly code?: string }, heard: boolean): void;
  /** More of the request's body can be written. */
  onDrain(): void;
  /** No response has begun within the time-out; the connection stays open. */
  onTimeout(): void;
}

export interface SendOptions {
  readonly isHead: boolean;
  readonly isWhole: boolean;
  readonly timeoutMs: number;
}
