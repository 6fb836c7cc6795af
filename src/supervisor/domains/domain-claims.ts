/** Decides about domains that tenants ask for. */
import { randomBytes } from 'node:crypto';
import { assertRoom, type DomainRecord, domainTaken, isActive, newDomain } from '../../core/domains/domain.ts';
import { assertForeign, type DomainName, parseDomain } from '../../core/domains/domain-name.ts';
import { recordName } from '../../core/domains/verification.ts';
import { instanceName } from '../../core/lifecycle/instance.ts';
import { defaultServiceOf } from '../../core/service/default-service.ts';
import { type Config, serviceNamed } from '../../core/service/service.ts';
import type { DomainStore } from '../../core/stores/domain-store.ts';
import type { AddDomainOptions, IsSeen } from '../../core/verbs/domain-verbs.ts';
import { TenementError } from '../../errors.ts';
import { idna } from '../../node/idna.ts';

/** RFC 1035 §2.3.4 */
const LONGEST_NAME = 253;
const TOKEN_BYTES = 16;

export interface Claim {
  readonly domain: DomainRecord;
  /** false: the tenant has it already. */
  readonly isNew: boolean;
}

export interface ClaimOptions extends AddDomainOptions {
  readonly nowMs: number;
  readonly isSeen: IsSeen;
}

/**
 * Returns the tenant's domain of this name: the one that it has, or a new one, which the caller writes in the same step.
 * @throws {TenementError} `bad_domain`, `unknown_service`, `domain_taken`, `already_registered`, `too_many_domains`
 */
export function claimDomain(
  tenantId: string,
  text: string,
  { service: asked, verify = false, nowMs, isSeen }: ClaimOptions,
  { config, store }: { readonly config: Config; readonly store: DomainStore },
): Claim {
  const name = parseDomain(text, idna);
  assertForeign(name, config.proxy);
  const service = serviceNamed(config, asked ?? defaultServiceOf(config, 'service')).name;
  const all = store.ofHost(name.host);
  const present = all.find((one) => one.tenantId === tenantId);
  if (present !== undefined) return { domain: assertSame(present, asked), isNew: false };
  assertFree(name, all, isSeen);
  const isPending = verify || config.tenants.verifyDomains;
  assertRoom(tenantId, store.countsOf(tenantId), isPending);
  if (isPending) assertProvable(name);
  const token = isPending ? `tenement-${randomBytes(TOKEN_BYTES).toString('hex')}` : null;
  return { domain: newDomain({ host: name.host, tenantId, service, nowMs, token }), isNew: true };
}

/** @throws {TenementError} `already_registered` */
function assertSame(present: DomainRecord, asked: string | undefined): DomainRecord {
  if (asked === undefined || asked === present.service) return present;
  const leadsTo = instanceName(present.service, present.tenantId);
  throw new TenementError('already_registered', `${present.host} leads to ${leadsTo}`, {
    hint: `Remove it first: \`tenement domain rm ${present.host}\`.`,
  });
}

/** @throws {TenementError} `domain_taken`, which names the owner to those who may see it */
function assertFree({ name }: DomainName, all: readonly DomainRecord[], isSeen: IsSeen): void {
  const owner = all.find(isActive);
  if (owner === undefined) return;
  throw domainTaken(name, isSeen(owner) ? instanceName(owner.service, owner.tenantId) : null);
}

/** @throws {TenementError} `bad_domain` */
function assertProvable({ host }: DomainName): void {
  const length = recordName(host).length;
  if (length <= LONGEST_NAME) return;
  throw new TenementError('bad_domain', `the name of its TXT record would have ${length} characters`, {
    hint: `A name in DNS has at most ${LONGEST_NAME}.`,
  });
}
