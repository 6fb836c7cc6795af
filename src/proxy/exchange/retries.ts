/** Which failures of one request allow another try. */
import type { SecondTry } from '../../core/admission/serving.ts';
import type { ClientRequest } from '../client/client.ts';
import { isRepeatable, requestFingerprint } from './repeatable.ts';

/** The exit of a process is seen within this time; otherwise the process lives, and has only closed the connection. */
const EXIT_SEEN_WITHIN_MS = 25;
/** A process that refuses connections is ending. If it still lives after this time, it is tried once more. */
const LISTENER_BACK_WITHIN_MS = 2000;
/** How many processes may refuse one request. Each was ready before; more than a few in a row are crashing. */
const MAX_REFUSING = 3;

/** How a try of a request failed. */
export interface Failure {
  /** The process that it was for. */
  readonly generation: number;
  /** Whether the process may have got the request. */
  readonly sent: boolean;
  /** Whether a byte of a response came. */
  readonly heard: boolean;
}

export class Retries {
  private readonly request: ClientRequest;
  private again: SecondTry | undefined;
  /** Processes that never got the request. */
  private readonly refusing = new Set<number>();
  private backlogSinceMs: number | null = null;

  constructor(request: ClientRequest) {
    this.request = request;
  }

  /** Set when the request is sent again after a tenant may have seen it. */
  get secondTry(): SecondTry | undefined {
    return this.again;
  }

  /**
   * A request that was never written cannot have been acted on, so each process may refuse it once: the next one may be
   * killed, too. Any other retry happens once, and the request must be harmless, without a byte of a response.
   */
  allows({ generation, sent, heard }: Failure): boolean {
    if (!sent) return !this.refusing.has(generation) && this.refusing.size < MAX_REFUSING;
    return !heard && this.again === undefined && isRepeatable(this.request);
  }

  /** Counts a retry. Returns how long the end of the process is waited for before it, in ms. */
  begin(generation: number, sent: boolean): number {
    if (sent) this.again = { request: requestFingerprint(this.request), generation };
    else this.refusing.add(generation);
    return sent ? EXIT_SEEN_WITHIN_MS : LISTENER_BACK_WITHIN_MS;
  }

  /** Whether the tenant's backlog has been full for `timeoutMs`; 0: without end. */
  hasWaitedForBacklog(timeoutMs: number): boolean {
    this.backlogSinceMs ??= performance.now();
    return timeoutMs > 0 && performance.now() - this.backlogSinceMs >= timeoutMs;
  }
}
