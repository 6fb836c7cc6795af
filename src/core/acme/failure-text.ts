/** Why a certificate could not be had, in words for whoever mends it. Pure. */

export const CHALLENGE_TYPES = ['http-01', 'tls-alpn-01', 'dns-01'] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

/** What a certificate authority says is wrong (RFC 7807, with the types of RFC 8555 §6.7). */
export interface AcmeProblem {
  /** For example `connection`; null: an error that ACME does not know. */
  readonly type: string | null;
  readonly detail: string;
}

const MAX_DETAIL = 300;
const PREFIX = 'urn:ietf:params:acme:error:';

/** Reads a problem document, which may be anything. */
export function problemOf(value: unknown): AcmeProblem | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, detail } = value as Record<string, unknown>;
  if (typeof type !== 'string' && typeof detail !== 'string') return null;
  return {
    type: typeof type === 'string' && type.startsWith(PREFIX) ? type.slice(PREFIX.length).slice(0, 60) : null,
    detail: plain(typeof detail === 'string' ? detail : ''),
  };
}

/** Returns one line without control characters, since a certificate authority may quote what a stranger's server sent. */
function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > MAX_DETAIL ? `${line.slice(0, MAX_DETAIL)}…` : line;
}

/** Returns what to look at when a challenge has failed. */
export function challengeFailure(type: ChallengeType, host: string, { type: kind, detail }: AcmeProblem): string {
  const said = detail === '' ? '' : `: ${detail}`;
  if (kind === 'dns') return `the CA finds no address of ${host} in DNS${said}; does its A or AAAA record lead here?`;
  if (kind === 'caa') return `a CAA record of ${host} does not let this CA issue${said}`;
  if (kind === 'rateLimited') return `the CA refuses more orders for now${said}`;
  if (type === 'dns-01')
    return `the CA does not find the TXT record _acme-challenge.${host} that dns_hook made${said}; was it published on every name server when the hook ended?`;
  const { url, port } = REACHED[type];
  const where = url(host);
  if (kind === 'connection' || kind === 'tls' || UNREACHED.test(detail))
    return `the CA could not reach ${where}${said}; is port ${port} open, and does ${host} lead to this server?`;
  return `the CA got another answer than this server's from ${where}${said}; does ${host} lead to this server, and to no other?`;
}

/** Some authorities give a failed connection another type. */
const UNREACHED = /\b(failed to connect|connection refused|timed? ?out|unreachable|no route)\b/i;

const REACHED = {
  'http-01': { url: (host: string) => `http://${host}/.well-known/acme-challenge/`, port: 80 },
  'tls-alpn-01': { url: (host: string) => `https://${host}/ (acme-tls/1)`, port: 443 },
} as const;

const MEANINGS: Readonly<Record<string, string>> = {
  rateLimited: 'the CA refuses more orders for now',
  rejectedIdentifier: 'the CA does not certify this name',
  unsupportedIdentifier: 'the CA does not certify names of this kind',
  caa: 'a CAA record in DNS does not let this CA issue',
  dns: 'the CA cannot look the name up in DNS',
  externalAccountRequired: 'the CA wants an account that is bound to one of its customers; set external_account',
  userActionRequired: 'the CA wants new terms of service to be accepted',
  invalidContact: 'the CA does not accept the email address',
  unsupportedContact: 'the CA does not accept the email address',
  invalidProfile: 'the CA does not have this profile',
  serverInternal: 'the CA has an error of its own',
  orderNotReady: 'the CA takes the order for unproved',
};

/** Returns what an answer of the certificate authority to a request means. */
export function refusal({ type, detail }: AcmeProblem, status: number): string {
  const meaning = type === null ? undefined : MEANINGS[type];
  const said = detail === '' ? '' : `: ${detail}`;
  if (meaning !== undefined) return `${meaning}${said}`;
  return `the CA answered ${status}${type === null ? '' : ` ${type}`}${said}`;
}

/** Whether a refusal for too many orders is about this name, and not about the account. */
export function isAboutName(detail: string, name: string): boolean {
  const text = detail.toLowerCase();
  if (text.includes('exact set')) return true;
  const labels = name.replace('*.', '').split('.');
  return labels.slice(0, -1).some((_label, index) => text.includes(labels.slice(index).join('.')));
}
