/** The host names a tenant when one of the instances that it may mean is registered, as `{tenant}.{domain}`. */
import { type InstanceName, parseInstanceName } from '../../../core/lifecycle/instance.ts';
import type { RoutingIndex } from '../../../core/routing/routing-index.ts';
import { SILENT, type TenantResolver } from './said.ts';

export interface Routes {
  /** The index of the current routing table. */
  readonly routing: RoutingIndex;
}

export function hostResolver(routes: Routes, has: (instance: InstanceName) => boolean): TenantResolver {
  return {
    source: 'host',
    resolve: ({ host }) => {
      const instance = routes.routing.named(host)?.find(has);
      return instance === undefined ? SILENT : { tenantId: parseInstanceName(instance).tenantId };
    },
  };
}
