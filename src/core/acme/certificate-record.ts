/** A certificate that is kept ready for a name, and what is known of it. Pure. */

export interface Issued {
  /** Times of the certificate, ms since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Its id for renewal information (RFC 9773 §4.1); null: it has none. */
  readonly renewalId: string | null;
}

export interface Failure {
  /** How many tries in a row have failed. */
  readonly count: number;
  readonly atMs: number;
  /** A sentence without a capital and a full stop. */
  readonly reason: string;
}

export interface CertificateRecord {
  /** A host in lower case, of A-labels, or `*.` and the domain of a wildcard. */
  readonly name: string;
  /** Whose name it is; null: the server's own. */
  readonly tenantId: string | null;
  /** Directory URL of the certificate authority that was asked last. */
  readonly directory: string;
  /** Whether it is ordered ahead of need. Otherwise a handshake orders it. */
  readonly isAhead: boolean;
  /** null: there is none yet. */
  readonly issued: Issued | null;
  /** The failed tries since the last certificate; null: none. */
  readonly failure: Failure | null;
  /** Before this time no order is begun, ms since the epoch; null: at any time. */
  readonly retryAtMs: number | null;
  /** When something is to be done for it by itself: an order, or a look whether it is time; null: nothing. */
  readonly dueAtMs: number | null;
}

/** Returns a record of a name that has nothing yet. */
export function newRecord(
  about: Pick<CertificateRecord, 'name' | 'tenantId' | 'directory' | 'isAhead'>,
  nowMs: number,
): CertificateRecord {
  return { ...about, issued: null, failure: null, retryAtMs: null, dueAtMs: about.isAhead ? nowMs : null };
}

/** Whether it has a certificate that clients accept now. */
export function isValid({ issued }: Pick<CertificateRecord, 'issued'>, nowMs: number): boolean {
  return issued !== null && nowMs < issued.notAfterMs;
}

/** Whether the pause after a failure is not over. A clock that was set back to before the failure ends it. */
export function isPausing(
  { retryAtMs, failure }: Pick<CertificateRecord, 'retryAtMs' | 'failure'>,
  nowMs: number,
): boolean {
  return retryAtMs !== null && nowMs < retryAtMs && nowMs >= (failure?.atMs ?? 0);
}

/** Returns when something is to be done for it; null: nothing. A clock that was set back makes it due at once. */
export function dueMs({ dueAtMs, failure }: CertificateRecord, nowMs: number): number | null {
  return dueAtMs !== null && failure !== null && nowMs < failure.atMs ? nowMs : dueAtMs;
}

const FIRST_PAUSE_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 24 * 60 * 60_000;
/** A renewal is tried at least this often in the lifetime that is left. */
const TRIES_BEFORE_EXPIRY = 4;

/**
 * Returns the record after an order has failed. The pause grows fourfold from 5 minutes to a day. So a name has three or
 * four failures in its first hour, and Let's Encrypt allows five.
 * @param askedMs what the certificate authority asks to wait; null: nothing
 */
export function afterFailure(record: CertificateRecord, reason: string, nowMs: number, askedMs: number | null) {
  const count = (record.failure?.count ?? 0) + 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 4 ** Math.min(count - 1, 10));
  const retryAtMs = nowMs + Math.max(askedMs ?? 0, shortened(record, pauseMs, nowMs));
  const isRepeated = record.isAhead || record.issued !== null;
  return {
    ...record,
    failure: { count, atMs: nowMs, reason },
    retryAtMs,
    dueAtMs: isRepeated ? retryAtMs : null,
  } satisfies CertificateRecord;
}

/** A certificate that is about to expire is not left to a pause of a day. */
function shortened({ issued }: CertificateRecord, pauseMs: number, nowMs: number): number {
  const leftMs = (issued?.notAfterMs ?? 0) - nowMs;
  return leftMs <= 0 ? pauseMs : Math.round(Math.max(FIRST_PAUSE_MS, Math.min(pauseMs, leftMs / TRIES_BEFORE_EXPIRY)));
}

/** Returns the record with a new certificate. @param dueAtMs when its renewal is looked at */
export function afterIssue(
  record: CertificateRecord,
  issued: Issued,
  { directory, dueAtMs }: Pick<CertificateRecord, 'directory' | 'dueAtMs'>,
): CertificateRecord {
  return { ...record, directory, issued, failure: null, retryAtMs: null, dueAtMs };
}

/** How long a record is kept that nothing will be done for. */
const KEPT_MS = 7 * 24 * 60 * 60_000;

/** Whether nothing is to come of a record any more. */
export function isForgettable({ isAhead, issued, failure, dueAtMs }: CertificateRecord, nowMs: number): boolean {
  const lastMs = Math.max(issued?.notAfterMs ?? 0, failure?.atMs ?? 0);
  return !isAhead && dueAtMs === null && nowMs >= lastMs + (issued === null ? KEPT_MS : 0);
}
