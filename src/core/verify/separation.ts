/** What each level of isolation separates, as docs/isolation.md says. Pure. */
import type { ServiceConfig } from '../service/service.ts';
import type { Kind } from './finding.ts';

export type Level = Pick<ServiceConfig, 'isolation' | 'user' | 'network'>;

const SAME_USER = 'at isolation = "process" without user = "dynamic" all tenants are the server\'s user';
const HOST_NETWORK = 'with network = "host" a tenant reaches what the host does';

/** Returns why a tenant at this level may reach this kind of thing of another's; null: it may not. */
export function whyNotSeparated(kind: Kind, { isolation, user, network }: Level): string | null {
  if (kind === 'databases' || kind === 'requests') return null;
  if (kind === 'ports') return network === 'none' ? null : HOST_NETWORK;
  return isolation !== 'process' || user === 'dynamic' ? null : SAME_USER;
}

/** Describes a level by the keys that make it: `process`, `namespace, network = "none"`. */
export function levelText({ isolation, user, network }: Level): string {
  const own = isolation === 'process' && user === 'dynamic' ? ', user = "dynamic"' : '';
  return `${isolation}${own}${network === 'none' ? ', network = "none"' : ''}`;
}
