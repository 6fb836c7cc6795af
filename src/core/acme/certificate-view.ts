/** A certificate as JSON. Pure. */
import { type CertificateRecord, isPausing, isValid } from './certificate-record.ts';

export const CERTIFICATE_STATES = ['issued', 'ordering', 'waiting', 'failed', 'expired'] as const;
/** `waiting`: no order was begun yet. `failed`: there is no valid certificate, and the last try failed. */
export type CertificateState = (typeof CERTIFICATE_STATES)[number];

/** Times are ISO 8601. */
export interface CertificateView {
  /** A host, or `*.` and a domain. */
  readonly name: string;
  /** null: the server's own. */
  readonly tenant: string | null;
  readonly state: CertificateState;
  readonly issuedAt: string | null;
  readonly expiresAt: string | null;
  /** Whole days until it expires; null: there is none. */
  readonly daysLeft: number | null;
  /** When it is renewed, or its renewal is looked at; null: not by itself. */
  readonly renewAt: string | null;
  /** When the next order is begun after a failure; null: nothing has failed. */
  readonly nextTryAt: string | null;
  /** Why the last try failed; null: it did not. */
  readonly lastError: string | null;
}

const DAY_MS = 24 * 60 * 60_000;

export function certificateViewOf(record: CertificateRecord, isOrdering: boolean, nowMs: number): CertificateView {
  const { name, tenantId, issued, failure, dueAtMs, retryAtMs } = record;
  return {
    name,
    tenant: tenantId,
    state: stateOf(record, isOrdering, nowMs),
    issuedAt: timeOf(issued?.notBeforeMs),
    expiresAt: timeOf(issued?.notAfterMs),
    daysLeft: issued === null ? null : Math.floor((issued.notAfterMs - nowMs) / DAY_MS),
    renewAt: failure === null && issued !== null ? timeOf(dueAtMs) : null,
    nextTryAt: failure === null ? null : timeOf(retryAtMs),
    lastError: failure?.reason ?? null,
  };
}

function stateOf(record: CertificateRecord, isOrdering: boolean, nowMs: number): CertificateState {
  if (isValid(record, nowMs)) return 'issued';
  if (isOrdering) return 'ordering';
  if (record.failure !== null || isPausing(record, nowMs)) return 'failed';
  return record.issued === null ? 'waiting' : 'expired';
}

function timeOf(atMs: number | null | undefined): string | null {
  return atMs === null || atMs === undefined ? null : new Date(atMs).toISOString();
}
