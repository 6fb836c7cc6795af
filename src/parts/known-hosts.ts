/** Which instance the proxy would find for a host. */
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { ProxySettingsFeed } from '../core/routing/proxy-settings.ts';
import { RoutingIndex } from '../core/routing/routing-index.ts';

/** @param isRegistered whether an instance is served */
export function instanceFinder(
  settings: ProxySettingsFeed,
  isRegistered: (instance: InstanceName) => boolean,
): (host: string) => InstanceName | null {
  let index = new RoutingIndex(settings.current.routing, settings.domains);
  settings.follow(({ routing }) => {
    index = new RoutingIndex(routing, settings.domains);
  });
  return (host) => index.named(host)?.find(isRegistered) ?? null;
}
