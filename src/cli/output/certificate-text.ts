/** A certificate as text for people. */
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import { duration, plural } from './format.ts';
import { terminalText } from './terminal-text.ts';

/** Returns the state of a certificate in a few words: "issued, 59 days left". */
export function certificateState({ state, daysLeft, nextTryAt, lastError }: CertificateView, nowMs: number): string {
  const left = daysLeft === null || state === 'expired' ? '' : `, ${plural(daysLeft, 'day')} left`;
  const next = lastError === null || nextTryAt === null ? '' : `, next try ${fromNow(nextTryAt, nowMs)}`;
  return `${state}${left}${next}`;
}

/** Returns what there is to know of a certificate, as lines. */
export function certificateLines(certificate: CertificateView, nowMs: number): string[] {
  const { name, lastError } = certificate;
  const why = lastError === null ? [] : [`last error: ${terminalText(lastError)}`];
  return [`certificate of ${name}: ${certificateState(certificate, nowMs)}`, ...why];
}

export function fromNow(iso: string, nowMs: number): string {
  const ms = Date.parse(iso) - nowMs;
  return ms <= 0 ? 'now' : `in ${duration(ms)}`;
}
