/** A domain as JSON and as sentences. Pure. */

import type { CertificateView } from '../acme/certificate-view.ts';
import { badInput } from '../input/given.ts';
import { type InstanceName, instanceName } from '../lifecycle/instance.ts';
import type { DomainKey } from '../stores/domain-store.ts';
import type { DomainPage, DomainQuery, DomainView } from '../verbs/domain-verbs.ts';
import { type DomainRecord, isActive } from './domain.ts';
import { domainWarning, type Idna } from './domain-name.ts';
import { recordName, type Verification } from './verification.ts';

export interface DomainViewDeps {
  readonly idna: Pick<Idna, 'toUnicode'>;
  /** Returns null while the proxy's port is not known. */
  urlOf(host: string): string | null;
  isRegistered(instance: InstanceName): boolean;
  /** Returns the certificate of a host by ACME, or what is known of its order; null: none. */
  certificateOf(host: string): CertificateView | null;
}

export function domainViewOf(
  record: DomainRecord,
  { idna, urlOf, isRegistered, certificateOf }: DomainViewDeps,
): DomainView {
  const { host, tenantId, service, addedAtMs, verification } = record;
  const name = idna.toUnicode(host);
  return {
    domain: host,
    name,
    tenant: tenantId,
    service,
    state: isActive(record) ? 'active' : 'pending',
    reason: reasonOf(record, isRegistered),
    url: urlOf(host),
    warning: domainWarning({ name }),
    proof: verification === null ? null : { name: recordName(host), type: 'TXT', value: verification.token },
    certificate: certificateOf(host),
    addedAt: new Date(addedAtMs).toISOString(),
    verifiedAt: timeOf(verification?.verifiedAtMs),
    checkedAt: timeOf(verification?.checkedAtMs),
    nextCheckAt: timeOf(verification?.nextCheckAtMs),
  };
}

function reasonOf({ service, tenantId, verification }: DomainRecord, isRegistered: DomainViewDeps['isRegistered']) {
  if (verification !== null && verification.verifiedAtMs === null) return pendingReason(verification);
  const instance = instanceName(service, tenantId);
  const leadsTo = isRegistered(instance)
    ? `leads to ${instance}`
    : `leads to ${instance}, which is not registered: its requests get 404`;
  return verification === null ? leadsTo : `verified, ${leadsTo}`;
}

function pendingReason({ problem, nextCheckAtMs }: Verification): string {
  const why = problem ?? 'DNS was not asked yet';
  return nextCheckAtMs === null ? `${why}; DNS is asked again only by \`tenement domain verify\`` : why;
}

function timeOf(atMs: number | null | undefined): string | null {
  return atMs === null || atMs === undefined ? null : new Date(atMs).toISOString();
}

/** Returns the key after which a page begins. @throws {TenementError} `bad_input` */
export function keyAfter({ after }: Pick<DomainQuery, 'after'>): DomainKey | undefined {
  if (after === undefined) return undefined;
  const [host = '', tenantId, ...rest] = after.split('/');
  if (tenantId === undefined || rest.length > 0) throw badInput('after', 'expected `next` of the page before', after);
  return { host, tenantId };
}

/** @param records at least one more than the page holds, if there are so many */
export function domainPage(records: readonly DomainRecord[], limit: number, deps: DomainViewDeps): DomainPage {
  const page = records.slice(0, limit);
  const last = page.at(-1);
  const isLast = records.length <= limit || last === undefined;
  return {
    domains: page.map((record) => domainViewOf(record, deps)),
    next: isLast ? null : `${last.host}/${last.tenantId}`,
  };
}
