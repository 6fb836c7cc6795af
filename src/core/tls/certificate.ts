/** Certificates with their keys, as the listeners of TLS use them. Pure. */

/** Plain data, which workers get in a message. It holds a private key, so it is never logged or shown. */
export interface Certificate {
  /** SHA-256 of the certificate, in hex. Another certificate has another one. */
  readonly id: string;
  /** The certificate, and the intermediates behind it (PEM). */
  readonly chain: string;
  /** The private key, not encrypted (PEM). */
  readonly key: string;
  /** Names that it is valid for, as `certificateNames` returns them. One without names stands in for any name. */
  readonly names: readonly string[];
  /** Of several that cover a name equally, the lowest rank is used: the operator's own, as configured, before others. */
  readonly rank: number;
  /** Ms since the epoch. */
  readonly notAfterMs: number;
}

/** Ranks of the operator's own certificates are below. */
export const ISSUED_RANK = 1_000_000;

/** RFC 1035 §2.3.4, without the root's dot. */
const MAX_NAME_LENGTH = 253;
/** Letters, digits, hyphens, and the underscore that some hosts have, in labels of 1 to 63. */
const NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV4 = /^[\d.]+$/;

/**
 * Returns a server name (RFC 6066 §3) as certificates have it: in lower case, of A-labels, without a trailing dot; null
 * for what is no name, such as an address.
 */
export function serverNameOf(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  return name.length <= MAX_NAME_LENGTH && NAME.test(name) && !IPV4.test(name) ? name : null;
}

/** Returns those of a certificate's DNS names that a host can have; one may begin with `*.`. */
export function certificateNames(dnsNames: readonly string[]): string[] {
  const known = dnsNames.map((text) => text.toLowerCase().replace(/\.$/, ''));
  return [...new Set(known)].filter((name) => serverNameOf(name.replace(/^\*\./, '')) !== null);
}

/** Returns the name that a wildcard certificate for `name` has; null for a name of one label (RFC 6125 §6.4.3). */
export function wildcardFor(name: string): string | null {
  const dot = name.indexOf('.');
  return dot === -1 ? null : `*${name.slice(dot)}`;
}
