/**
 * Domains of tenants' own, which lead to one of their services. A host has at most one active domain. Besides, any number
 * of tenants may have a pending one, which takes nothing: the first tenant to prove that the host is its own gets it. Pure.
 */
import { TenementError } from '../../errors.ts';
import { type Verification, verificationOf } from './verification.ts';

/** A domain as the registry keeps it, one for each host and tenant. */
export interface DomainRecord {
  /** In lower case, of A-labels (RFC 5890 §2.3.2.1), without a trailing dot. */
  readonly host: string;
  readonly tenantId: string;
  /** The service that it leads to. */
  readonly service: string;
  /** Ms since the epoch. */
  readonly addedAtMs: number;
  /** null: none was asked for. */
  readonly verification: Verification | null;
}

/** Whether requests for the host are routed to the tenant. */
export function isActive({ verification }: Pick<DomainRecord, 'verification'>): boolean {
  return verification === null || verification.verifiedAtMs !== null;
}

export interface NewDomain extends Pick<DomainRecord, 'host' | 'tenantId' | 'service'> {
  readonly nowMs: number;
  /** What its TXT record must hold; null: it is active at once. */
  readonly token: string | null;
}

export function newDomain({ host, tenantId, service, nowMs, token }: NewDomain): DomainRecord {
  const verification = token === null ? null : verificationOf(token, nowMs);
  return { host, tenantId, service, addedAtMs: nowMs, verification };
}

/** A tenant may have this many domains. An operator with more uses several tenants. */
export const MAX_DOMAINS = 100_000;
/** A tenant may have this many pending ones, each of which costs queries to DNS. */
export const MAX_PENDING = 100;

/** Counts of one tenant's domains. */
export interface DomainCounts {
  readonly all: number;
  readonly pending: number;
}

/** @throws {TenementError} `too_many_domains` */
export function assertRoom(tenantId: string, { all, pending }: DomainCounts, isPending: boolean): void {
  if (isPending && pending >= MAX_PENDING)
    throw new TenementError('too_many_domains', `${tenantId} has ${pending} domains that are not verified`, {
      hint: 'Verify or remove some of them first.',
    });
  if (all >= MAX_DOMAINS) throw new TenementError('too_many_domains', `${tenantId} has ${all} domains`);
}

/** @param owner the instance that has it; null: the caller may not know */
export function domainTaken(name: string, owner: string | null): TenementError {
  return new TenementError('domain_taken', `${name} belongs to ${owner === null ? 'another tenant' : owner}`, {
    hint:
      owner === null
        ? 'Whoever owns the name asks an operator.'
        : `\`tenement domain rm ${name}\` takes it away from there.`,
  });
}

/** Returns the error for a domain that nobody has, or that the caller may not see. */
export function unknownDomain(name: string): TenementError {
  return new TenementError('unknown_domain', `there is no domain ${JSON.stringify(name.slice(0, 260))}`);
}
