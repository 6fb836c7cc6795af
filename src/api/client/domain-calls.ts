/** The calls of the API about domains of tenants' own. */
import type {
  AddDomainOptions,
  AddedDomain,
  ChosenDomain,
  DomainPage,
  DomainQuery,
  DomainView,
} from '../../core/verbs/domain-verbs.ts';
import type { Transport } from './transport.ts';

/** How many domains are asked for at once. */
const PAGE_SIZE = 1000;

/** Each call rejects with a TenementError. */
export interface DomainClient {
  add(tenant: string, domain: string, options?: AddDomainOptions): Promise<AddedDomain>;
  /** Lists all domains by name, in several calls if there are many. */
  list(query?: Pick<DomainQuery, 'tenant'>): Promise<DomainView[]>;
  get(domain: string, chosen?: ChosenDomain): Promise<DomainView>;
  verify(domain: string, chosen?: ChosenDomain): Promise<DomainView>;
  remove(domain: string, chosen?: ChosenDomain): Promise<void>;
}

export function domainCalls(transport: Transport): DomainClient {
  const pathOf = (domain: string) => `/api/domains/${encodeURIComponent(domain)}`;
  return {
    add: async (tenant, domain, options = {}) => {
      const body = { tenant, domain, ...options };
      const { status, data } = await transport.json({ method: 'POST', path: '/api/domains', body });
      return { view: data as DomainView, created: status === 201 };
    },
    list: async (query = {}) => {
      const all: DomainView[] = [];
      for (let after: string | null | undefined; after !== null; ) {
        const asked = { ...query, limit: PAGE_SIZE, ...(after !== undefined && { after }) };
        const { data } = await transport.json({ method: 'GET', path: '/api/domains', query: asked });
        const page = data as DomainPage;
        all.push(...page.domains);
        after = page.next;
      }
      return all;
    },
    get: async (domain, chosen = {}) => {
      const { data } = await transport.json({ method: 'GET', path: pathOf(domain), query: { ...chosen } });
      return data as DomainView;
    },
    verify: async (domain, chosen = {}) => {
      const call = { method: 'POST', path: `${pathOf(domain)}/verify`, query: { ...chosen } } as const;
      return (await transport.json(call)).data as DomainView;
    },
    remove: async (domain, chosen = {}) => {
      await transport.json({ method: 'DELETE', path: pathOf(domain), query: { ...chosen } });
    },
  };
}
