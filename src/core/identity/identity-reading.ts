/** What the server knows of tokens and their keys, for metrics. */
import type { RefusalReason } from './refusal-counts.ts';

export interface KeyHealth {
  readonly keys: number;
  /** When they were loaded, ms since the epoch; null: never. */
  readonly loadedAtMs: number | null;
  /** Loads that failed since the server began. */
  readonly failures: number;
}

export interface IdentityReading {
  /** null: no tokens are read. */
  health(): KeyHealth | null;
  /** Requests that were refused since the server began, by reason. */
  refused(): Iterable<readonly [reason: RefusalReason, requests: number]>;
}
