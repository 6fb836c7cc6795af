/** Says what is to be known of a certificate. Pure. */
import type { OwnCertificate } from './own-certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Fewer days left are a warning: certbot renews at 30, and two weeks are left to find out why it did not. */
const SOON_DAYS = 14;
const MAX_SHOWN = 5;

/** Returns days left; negative once it has expired. */
export function daysLeft({ notAfterMs }: Pick<OwnCertificate, 'notAfterMs'>, nowMs: number): number {
  return Math.floor((notAfterMs - nowMs) / DAY_MS);
}

/** Returns the names, or the first of many. */
export function describeNames({ names }: Pick<OwnCertificate, 'names'>): string {
  if (names.length === 0) return 'no names';
  const more = names.length - MAX_SHOWN;
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Returns a sentence for each thing that will make clients refuse it, now or soon. */
export function certificateWarnings(certificate: OwnCertificate, nowMs: number): string[] {
  const { file, names, issuer, isSelfSigned, notBeforeMs, notAfterMs, flaws } = certificate;
  const left = daysLeft(certificate, nowMs);
  return [
    ...(notAfterMs <= nowMs ? [`${file} expired on ${day(notAfterMs)}: clients refuse it; renew it`] : []),
    ...(notAfterMs > nowMs && left < SOON_DAYS
      ? [`${file} expires on ${day(notAfterMs)}, ${left === 1 ? 'in 1 day' : `in ${left} days`}; renew it`]
      : []),
    ...(notBeforeMs > nowMs ? [`${file} is valid only from ${day(notBeforeMs)} on: clients refuse it until then`] : []),
    ...(isSelfSigned ? [`${file} is self-signed (${issuer}): only clients that were given it trust it`] : []),
    ...(names.length === 0
      ? [`${file} has no DNS names (subjectAltName): it is used for any host, and browsers refuse it`]
      : []),
    ...names
      .filter((name) => /^\*\.[^.]+$/.test(name))
      .map(
        (name) => `${file}: browsers refuse ${name}, a wildcard of a whole top-level domain; name each host instead`,
      ),
    ...flaws.map((flaw) => `${file}: ${flaw}`),
  ];
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
