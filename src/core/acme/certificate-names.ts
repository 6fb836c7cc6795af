/** Which certificate a host needs. Pure. */
import { isLabel } from '../tenants/tenant.ts';

/** RFC 1035 §2.3.4, without the root's dot. */
const MAX_LENGTH = 253;

/**
 * Whether a certificate authority could certify a host: a name in lower case with at least two labels, no address, and not
 * this machine's own name.
 */
export function isCertifiable(host: string): boolean {
  if (host.length > MAX_LENGTH) return false;
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  return labels.length > 1 && labels.every(isLabel) && last !== 'localhost' && !/^\d+$/.test(last);
}

/** Returns the domain that a wildcard of `host` is for; null: the host has no parent that may have one. */
export function parentOf(host: string): string | null {
  const parent = host.slice(host.indexOf('.') + 1);
  return isCertifiable(parent) && parent !== host ? parent : null;
}

/**
 * Returns the names of certificates that cover a host, the closest first.
 */
export function coveringNames(host: string): readonly string[] {
  const parent = parentOf(host);
  return parent === null ? [host] : [host, `*.${parent}`];
}

/** Returns the name that is ordered for a host. @param wildcardDomains domains that get a wildcard, because DNS can prove them */
export function orderedName(host: string, wildcardDomains: ReadonlySet<string>): string {
  const parent = parentOf(host);
  return parent !== null && wildcardDomains.has(parent) ? `*.${parent}` : host;
}
