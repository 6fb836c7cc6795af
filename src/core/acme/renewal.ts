/** When a certificate is renewed. Pure. */
import type { CertificateRecord, Issued } from './certificate-record.ts';

/** What the certificate authority suggests (RFC 9773 §4.2). Times in ms since the epoch. */
export interface RenewalInfo {
  readonly startMs: number;
  readonly endMs: number;
  /** When to ask again, in ms from now; null: it did not say. */
  readonly askAgainMs: number | null;
}

/** The authority is asked this often for its suggestion, unless it says otherwise. */
const ASK_AGAIN_MS = 6 * 60 * 60_000;
const ASK_AGAIN_MIN_MS = 60_000;
const ASK_AGAIN_MAX_MS = 24 * 60 * 60_000;
/** How much of the lifetime the times of renewal are spread over. */
const SPREAD = 1 / 20;
/** A certificate is used for this part of its lifetime at least. */
const LEAST_USE = 1 / 10;
/** A renewal begins this part of the lifetime before its end at the latest, whatever the authority suggests. */
const LATEST = 1 / 6;

/**
 * Returns when a third of the lifetime is left, and a little before, so that certificates of one hour are not renewed in
 * one hour. @param share in [0, 1), the same for a certificate at each call
 */
export function renewAtMs({ notBeforeMs, notAfterMs }: Issued, share: number): number {
  const lifetimeMs = notAfterMs - notBeforeMs;
  return Math.round(notAfterMs - lifetimeMs / 3 - lifetimeMs * SPREAD * share);
}

/** Returns when the authority's suggestion is to be followed: a time in its window. */
function suggestedAtMs({ startMs, endMs }: RenewalInfo, share: number): number {
  return startMs + Math.max(0, endMs - startMs) * share;
}

/**
 * Returns when the renewal of a new certificate is looked at. One that is old already, by this server's clock, is not renewed
 * at once, or one order would follow the other. @param isSuggesting whether the authority gives suggestions
 */
export function firstLookAtMs(issued: Issued, share: number, isSuggesting: boolean, nowMs: number): number {
  const ownMs = Math.max(renewAtMs(issued, share), nowMs + (issued.notAfterMs - issued.notBeforeMs) * LEAST_USE);
  return Math.round(isSuggesting ? Math.min(ownMs, nowMs + ASK_AGAIN_MS * (1 + share)) : ownMs);
}

/**
 * Returns when the renewal is looked at again; null: it is time to renew.
 * @param info null: the authority made no suggestion
 */
export function nextLookAtMs(issued: Issued, info: RenewalInfo | null, share: number, nowMs: number): number | null {
  const ownMs = renewAtMs(issued, share);
  if (info === null) return nowMs < ownMs ? ownMs : null;
  const latestMs = issued.notAfterMs - (issued.notAfterMs - issued.notBeforeMs) * LATEST;
  const atMs = Math.round(Math.min(suggestedAtMs(info, share), latestMs));
  if (nowMs >= atMs) return null;
  const pauseMs = Math.min(ASK_AGAIN_MAX_MS, Math.max(ASK_AGAIN_MIN_MS, info.askAgainMs ?? ASK_AGAIN_MS));
  return Math.min(atMs, nowMs + pauseMs);
}

/** Returns a number in [0, 1) that a name always has. */
export function shareOf(name: string): number {
  let hash = 2166136261;
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619);
  return (hash >>> 0) / 2 ** 32;
}

/** Whether a due record is only to be looked at: its certificate is of this authority, and nothing has failed. */
export function isLookedAtOnly(record: CertificateRecord, directory: string, nowMs: number): boolean {
  const { issued, failure } = record;
  return issued !== null && failure === null && record.directory === directory && nowMs < issued.notAfterMs;
}
