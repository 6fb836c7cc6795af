/** Domains of tenants' own that an edit of `[proxy] domain` has made names of the proxy's own. Pure. */
import { instanceName } from '../lifecycle/instance.ts';
import type { Config } from '../service/service.ts';
import type { DomainStore } from '../stores/domain-store.ts';

/** At most this many are named for each domain of the proxy. */
const NAMED = 5;

/** Returns a sentence for each. @throws {TenementError} `state_failed` */
export function overlaps({ domains }: Pick<Config['proxy'], 'domains'>, store: Pick<DomainStore, 'under'>): string[] {
  return domains.filter((own) => own !== '*').flatMap((own) => overlapsWith(own, store));
}

function overlapsWith(own: string, store: Pick<DomainStore, 'under'>): string[] {
  const { domains, count } = store.under(own, NAMED);
  const sentences = domains.map(({ host, service, tenantId }) => {
    const what = `${host} is a domain of ${instanceName(service, tenantId)}, and under [proxy] domain ${own}`;
    const [label = ''] = host.split('.', 1);
    return host === own ? what : `${what}: a tenant with the id ${label} would get its requests`;
  });
  if (count > domains.length) sentences.push(`${count - domains.length} more domains of tenants are under ${own}`);
  return sentences;
}
