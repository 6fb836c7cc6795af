/** Notifications as the API and the command line use them. */

import type { Actor } from '../access/actor.ts';

/** A receiver of notifications, with what is pending for it. */
export interface NotifyTargetView {
  readonly url: string;
  /** Types of events, or `["*"]`. */
  readonly events: readonly string[];
  readonly isSigned: boolean;
  readonly allowPrivate: boolean;
  /** Messages that the receiver has not accepted yet. */
  readonly pending: number;
  /** Messages that were given up after three days. */
  readonly givenUp: number;
  /** Messages that were dropped because too many were pending. */
  readonly dropped: number;
  /** ISO 8601, as all times here. */
  readonly lastSuccessAt: string | null;
  readonly lastFailureAt: string | null;
  /** Why the last attempt that failed did; one line. */
  readonly lastFailure: string | null;
  /** The next attempt after a failure; null: nothing waits for one. */
  readonly nextTryAt: string | null;
}

/** What came of one attempt. */
export interface NotifyTestResult {
  readonly url: string;
  /** Whether the receiver answered with 2xx. */
  readonly ok: boolean;
  /** Status of its answer; null: there was none. */
  readonly status: number | null;
  /** The beginning of its answer's body. */
  readonly answer: string | null;
  /** Why it failed; one line. */
  readonly failure: string | null;
  readonly durationMs: number;
}

/** Counts since this server started. */
export interface NotifyCounts {
  readonly receiver: string;
  readonly pending: number;
  readonly delivered: number;
  readonly failed: number;
}

export interface NotifyPort {
  list(): Promise<NotifyTargetView[]>;
  /** For metrics; receivers of one origin are counted together. */
  counts(): NotifyCounts[];
  /**
   * Sends a test message to one target, or to all, once.
   * @param by who asked for it, which the message says
   * @throws {TenementError} `unknown_receiver` when no target has that URL, or there is none
   */
  test(url: string | undefined, by: Actor): Promise<NotifyTestResult[]>;
}
