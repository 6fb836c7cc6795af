/** The domains of all tenants. It follows every change of a tenant, and keeps the routes of the proxies in step. */
import { isActive } from '../../core/domains/domain.ts';
import type { DomainRoute, DomainRoutes } from '../../core/domains/domain-routes.ts';
import { instanceName } from '../../core/lifecycle/instance.ts';
import type { DomainStore, RoutedDomain } from '../../core/stores/domain-store.ts';
import { isForgotten, type TenantChange } from '../../core/stores/tenant-store.ts';
import { detached } from '../../faults.ts';
import type { Logger } from '../../logger.ts';

export interface DomainTableOptions {
  readonly store: DomainStore;
  readonly routes: DomainRoutes;
  readonly logger: Logger;
}

/** How many routes are put into the table at once. */
const PIECE = 1000;

export class DomainTable {
  readonly store: DomainStore;
  private readonly options: DomainTableOptions;
  /** Settles when every worker routes by all changes so far. */
  private routed: Promise<void> = Promise.resolve();

  constructor(options: DomainTableOptions) {
    this.options = options;
    this.store = options.store;
  }

  /** Routes by the domains of the registry. @throws {TenementError} `state_failed` */
  open(): void {
    let piece: DomainRoute[] = [];
    for (const domain of this.store.active()) {
      piece.push(routeTo(domain));
      if (piece.length < PIECE) continue;
      this.route(piece);
      piece = [];
    }
    this.route(piece);
  }

  /** Settles when every worker routes by all changes so far. */
  settled(): Promise<void> {
    return this.routed;
  }

  /** Looks at a change before it is written. Returns what to do once it is. @throws {TenementError} `state_failed` */
  before(change: TenantChange): () => void {
    const { putDomains = [], removeDomains = [], tenantId } = change;
    const ending = isForgotten(change) ? this.store.hostsOf(tenantId) : removeDomains;
    if (ending.length + putDomains.length === 0) return () => {};
    // A pending domain may have the host of another tenant's active one, which stays.
    const ended = ending.filter((host) => this.options.routes.get(host)?.endsWith(`:${tenantId}`) === true);
    const begun = putDomains.filter(isActive).map(routeTo);
    return () => this.route([...ended.map((host) => [host, null] as const), ...begun]);
  }

  private route(routes: readonly DomainRoute[]): void {
    this.routed = Promise.all([this.routed, this.options.routes.change(routes)]).then(() => {});
    detached(this.options.logger, {}, this.routed);
  }
}

function routeTo({ host, service, tenantId }: RoutedDomain): DomainRoute {
  return [host, instanceName(service, tenantId)];
}
