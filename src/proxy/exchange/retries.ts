/** Which failures of one request allow another try. */
import type { SecondTry } from '../../core/admission/serving.ts';
import type { ClientRequest } from '../client/client.ts';
import { isRepeatable, requestFingerprint } from './repeatable.ts';

/** The exit of a process is seen within this time; otherwise the process lives, and has only closed the connection. */
const EXIT_SEEN_WITHIN_MS = 25;
/** A process that refuses connections is ending. If it still lives after this time, it is tried once more. */
const LISTENER_BACK_WITHIN_MS = 2000;

export class Retries {
  private readonly request: ClientRequest;
  private again: SecondTry | undefined;
  private reconnected = false;
  private backlogSinceMs: number | null = null;

  constructor(request: ClientRequest) {
    this.request = request;
  }

  /** Set when the request is sent again after a tenant may have seen it. */
  get secondTry(): SecondTry | undefined {
    return this.again;
  }

  /**
   * Allows one retry of each kind: a process that closed the connection may refuse one, if its end is seen late. A request
   * that was never written cannot have been acted on. Any other must be harmless, and without a byte of a response.
   */
  allows({ sent, heard }: { readonly sent: boolean; readonly heard: boolean }): boolean {
    if (!sent) return !this.reconnected;
    return !heard && this.again === undefined && isRepeatable(this.request);
  }

  /** Counts a retry. Returns how long the end of the process is waited for before it, in ms. */
  begin(generation: number, sent: boolean): number {
    if (sent) this.again = { request: requestFingerprint(this.request), generation };
    else this.reconnected = true;
    return sent ? EXIT_SEEN_WITHIN_MS : LISTENER_BACK_WITHIN_MS;
  }

  /** Whether the tenant's backlog has been full for `timeoutMs`; 0: without end. */
  hasWaitedForBacklog(timeoutMs: number): boolean {
    this.backlogSinceMs ??= performance.now();
    return timeoutMs > 0 && performance.now() - this.backlogSinceMs >= timeoutMs;
  }
}
