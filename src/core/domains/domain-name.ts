/** Names that people type for a domain of a tenant's own. Pure. */
import { TenementError } from '../../errors.ts';
import type { Config } from '../service/service.ts';
import { isLabel } from '../tenants/tenant.ts';
import { lookAlike, mixesScripts } from './look-alikes.ts';

/** Internationalised names, as UTS #46 maps them. */
export interface Idna {
  /** Returns the A-labels of a name in lower case; empty when it is invalid. */
  toAscii(name: string): string;
  /** Returns the U-labels; A-labels that are invalid stay. */
  toUnicode(name: string): string;
}

export interface DomainName {
  /** In lower case, of A-labels, without a trailing dot. */
  readonly host: string;
  /** The same with U-labels, for people. */
  readonly name: string;
}

/** RFC 1035 §2.3.4, without the root's dot. */
const MAX_LENGTH = 253;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Reads a domain as a person types it.
 * @throws {TenementError} `bad_domain`
 */
export function parseDomain(text: string, idna: Idna): DomainName {
  const typed = text.trim().normalize('NFC');
  assertNameAlone(typed, idna);
  const name = withoutDot(typed).toLowerCase();
  if (name.startsWith('*.') || name.includes('*'))
    throw bad(
      text,
      'a wildcard is no domain',
      'Add each name that the tenant uses; each is proved and certified alone.',
    );
  if (endsInNumber(name)) throw bad(text, 'a name that ends in a number is an IP address', ADDRESS_HINT);
  const host = idna.toAscii(name);
  if (host === '' || host.length > MAX_LENGTH || !host.split('.').every(isLabel))
    throw bad(text, whyInvalid(name, host));
  const shown = idna.toUnicode(host);
  assertTypedAsRead(text, name, { host, name: shown }, idna);
  if (!host.includes('.'))
    throw bad(text, 'a domain has at least two labels', 'Give the whole name, for example shop.example.com.');
  const mixed = shown.split('.').find(mixesScripts);
  if (mixed !== undefined)
    throw bad(
      text,
      `${JSON.stringify(mixed)} mixes letters of several scripts`,
      'Names that only look like another are made so, and registries refuse most of them. Use letters of one script.',
    );
  return { host, name: shown };
}

/** Returns the host that a text means, of a domain that may exist, be it valid today or not. */
export function hostOf(text: string, idna: Idna): string {
  const name = withoutDot(text.trim().normalize('NFC')).toLowerCase();
  return idna.toAscii(name) || name;
}

/** Returns a sentence on what to look at before a domain is trusted; null: nothing. */
export function domainWarning({ name }: Pick<DomainName, 'name'>): string | null {
  const seen = lookAlike(name);
  return seen === null ? null : `it looks like ${seen}, and is written in other letters`;
}

/**
 * Returns the domain of `[proxy] domain` that a host is, or is under: hosts there name tenants by themselves; null: none.
 */
export function ownDomainOf(host: string, { domains }: Pick<Config['proxy'], 'domains'>): string | null {
  return domains.find((own) => own !== '*' && (host === own || host.endsWith(`.${own}`))) ?? null;
}

/** @throws {TenementError} `bad_domain` */
export function assertForeign({ host, name }: DomainName, proxy: Pick<Config['proxy'], 'domains'>): void {
  const own = ownDomainOf(host, proxy);
  if (own === null) return;
  throw bad(
    name,
    `names under ${own}, which is the proxy's own [proxy] domain, lead to tenants by themselves`,
    OWN_HINT,
  );
}

const ADDRESS_HINT = 'Give a name that leads to the address: an A or AAAA record in DNS.';
const OWN_HINT = 'For another name under it, use [routing.aliases].';

/** Refuses what is pasted with more than a name. */
function assertNameAlone(typed: string, idna: Idna): void {
  const rest = typed.replace(SCHEME, '').replace(/^[^/?#]*@/, '');
  const [authority = ''] = rest.split(/[/?#\\]/, 1);
  const name = withoutDot(authority.replace(/:\d*$/, ''));
  if (typed === '') throw bad(typed, 'it is empty', 'Give a name, for example shop.example.com.');
  if (typed.startsWith('[') || name.includes(':')) throw bad(typed, 'this is an IP address', ADDRESS_HINT);
  if (name === withoutDot(typed)) return;
  const isName = /^[^*]+\.[^*]+$/.test(name) && idna.toAscii(name) !== '';
  throw bad(typed, 'this is more than a domain', isName ? `Give the name alone: ${name.toLowerCase()}.` : undefined);
}

/** A name must be read as it is typed, so that nobody adds another one than he sees. */
function assertTypedAsRead(text: string, typed: string, { host, name }: DomainName, idna: Idna): void {
  if (idna.toAscii(name) !== host || name.split('.').some((label) => label.startsWith('xn--')))
    throw bad(text, 'a label that begins with xn-- stands for no name');
  const shown = name.split('.');
  const hosts = host.split('.');
  const labels = typed.split('.');
  const isSame = labels.every((label, index) => label === (label.startsWith('xn--') ? hosts : shown)[index]);
  if (!isSame || labels.length !== shown.length)
    throw bad(text, `this is read as ${host}`, `If that is meant, type ${name}.`);
}

function whyInvalid(name: string, host: string): string {
  if (name.length > MAX_LENGTH || host.length > MAX_LENGTH)
    return `a name has at most ${MAX_LENGTH} characters, and this has ${Math.max(name.length, host.length)}`;
  const label = (host || name).split('.').find((one) => !isLabel(one));
  if (label === '') return 'a label is empty: two dots follow each other, or one stands in front';
  if (label === undefined || host === '') return 'this is no name of the DNS';
  return `${JSON.stringify(label.slice(0, 80))} is no label: 1 to 63 letters, digits and -, with no - at either end`;
}

/** No top-level domain is a number, so browsers take such a name for an IPv4 address. */
function endsInNumber(name: string): boolean {
  return /^(\d+|0x[0-9a-f]*)$/.test(name.slice(name.lastIndexOf('.') + 1));
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

function bad(text: string, why: string, hint?: string): TenementError {
  const message = `${JSON.stringify(text.slice(0, 80))} cannot be a domain of a tenant: ${why}`;
  return new TenementError('bad_domain', message, hint === undefined ? {} : { hint });
}
