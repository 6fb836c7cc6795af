/** What `tenement check` says of the certificates of a config. */
import type { Config } from '../core/service/service.ts';
import { readCertificate } from '../node/certificate-files.ts';
import { certificateWarnings, daysLeft, describeNames } from '../tls/certificate-words.ts';
import type { OwnCertificate } from '../tls/own-certificates.ts';

export interface CheckedCertificate extends OwnCertificate {
  /** Negative once it has expired. */
  readonly daysLeft: number;
}

/** Reads certificates that the config's loading has found usable. */
export function checkedCertificates({ tls }: Pick<Config, 'tls'>, nowMs = Date.now()): CheckedCertificate[] {
  return (tls?.certificates ?? []).flatMap((files, index) => {
    const read = readCertificate(files, index);
    return read.ok ? [{ ...read.facts, file: files.cert, daysLeft: daysLeft(read.facts, nowMs) }] : [];
  });
}

export function warningsOfCertificates(all: readonly CheckedCertificate[], nowMs = Date.now()): string[] {
  return all.flatMap((one) => certificateWarnings(one, nowMs)).map((warning) => `tls.certificates: ${warning}`);
}

export function describeCertificate(certificate: CheckedCertificate): string {
  const { file, issuer, daysLeft: left } = certificate;
  const validity = left < 0 ? 'expired' : `${left} ${left === 1 ? 'day' : 'days'} left`;
  return `certificate: ${describeNames(certificate)}; issued by ${issuer}, ${validity} (${file})`;
}
