/** Domains of tenants' own as a host program may use them. */
import { LIBRARY } from '../../core/access/actor.ts';
import { assertAddDomain, assertChosenDomain, assertDomainQuery } from '../../core/input/domain-input.ts';
import type {
  AddDomainOptions,
  ChosenDomain,
  DomainFace,
  DomainPage,
  DomainQuery,
  DomainView,
} from '../../core/verbs/domain-verbs.ts';
import type { Call } from '../calls.ts';

/** The verbs of domains. Each settles when it is done. */
export interface Domains {
  /**
   * Gives a tenant a domain. A repetition changes nothing.
   * @throws {TenementError} `bad_input`, `bad_domain`, `domain_taken`, `unknown_tenant`, `unknown_service`,
   * `already_registered`, `too_many_domains`
   */
  add(tenantId: string, domain: string, options?: AddDomainOptions): Promise<DomainView>;
  /** Returns what is known of a domain. @throws {TenementError} `unknown_domain`; `bad_input` when several tenants ask for it, and none is chosen */
  get(domain: string, chosen?: ChosenDomain): DomainView;
  /** Returns a page by domain. @throws {TenementError} `bad_input` */
  list(query?: DomainQuery): DomainPage;
  /** Takes a domain away. @throws {TenementError} as `get` */
  remove(domain: string, chosen?: ChosenDomain): Promise<void>;
  /** Looks for its TXT record now. @throws {TenementError} `domain_not_verified`, and as `get` */
  verify(domain: string, chosen?: ChosenDomain): Promise<DomainView>;
}

export function libraryDomains(domains: DomainFace, call: Call): Domains {
  const verbs = domains.by(LIBRARY);
  return {
    add: (tenantId, domain, options = {}) =>
      call(async () => {
        assertAddDomain(domain, options);
        return (await verbs.add(tenantId, domain, options)).view;
      }),
    get: (domain, chosen = {}) => {
      assertChosenDomain(domain, chosen);
      return verbs.get(domain, chosen);
    },
    list: (query = {}) => {
      assertDomainQuery(query);
      return domains.list(query);
    },
    remove: (domain, chosen = {}) =>
      call(() => {
        assertChosenDomain(domain, chosen);
        return verbs.remove(domain, chosen);
      }),
    verify: (domain, chosen = {}) =>
      call(() => {
        assertChosenDomain(domain, chosen);
        return verbs.verify(domain, chosen);
      }),
  };
}
