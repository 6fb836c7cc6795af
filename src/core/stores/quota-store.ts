/** Storage of what is used of quotas, which the registry implements. */
import type { Period } from '../quota/period.ts';
import type { QuotaMeter } from '../quota/quota.ts';

/** One quota of one tenant in one period. */
export interface QuotaKey {
  readonly tenantId: string;
  readonly meter: QuotaMeter;
  readonly period: Period;
  /** Start of the period, ms since the epoch. */
  readonly startMs: number;
}

/** What is known of it. */
export interface QuotaState {
  /** The limit that the rest refers to. */
  readonly limit: number;
  /** Requests that may have been forwarded: those that were, and those reserved for the next ones. 0 for other meters. */
  readonly reserved: number;
  /** The highest share of the limit that was announced, in per cent. */
  readonly announced: 0 | 80 | 100;
  /** When the limit was reached, ms since the epoch; null: it is not. */
  readonly reachedAtMs: number | null;
}

export interface QuotaStore {
  /**
   * Returns null for a period in which nothing was used, and `forgotten` for one so far back that its use is no longer
   * kept. @throws {TenementError} `state_failed`
   */
  read(key: QuotaKey): QuotaState | 'forgotten' | null;
  /** Writes all or nothing; it is on disk on return. @throws {TenementError} `state_failed` */
  save(entries: readonly (QuotaKey & QuotaState)[]): void;
}
