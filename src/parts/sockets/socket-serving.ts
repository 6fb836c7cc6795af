/** Serves connections that tenement accepts at public sockets like those of the proxy. */
import type { TurnedAway } from '../../core/admission/turned-away.ts';
import { parseInstanceName } from '../../core/lifecycle/instance.ts';
import { type DescriptorShares, proxyLimits } from '../../core/limits/descriptors.ts';
import type { RequestMeasures } from '../../core/observing/request-measures.ts';
import type { Tracing } from '../../core/observing/request-trace.ts';
import type { ProxySettingsFeed } from '../../core/routing/proxy-settings.ts';
import type { ConfigFeed } from '../../core/service/served-config.ts';
import type { Logger } from '../../logger.ts';
import type { Processes } from '../../process/processes.ts';
import { PublicSockets } from '../../proxy/public-sockets.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { ServerIdentity } from '../access/server-identity.ts';

interface PublicSocketParts {
  readonly processes: Processes;
  readonly supervisor: Supervisor;
  readonly descriptors: DescriptorShares;
  readonly turnedAway: TurnedAway;
  readonly measures: RequestMeasures;
  readonly tracing: Tracing;
  readonly identity: ServerIdentity;
  readonly logger: Logger;
  readonly served: ConfigFeed;
  readonly settings: ProxySettingsFeed;
}

export function servePublicSockets(parts: PublicSocketParts): PublicSockets {
  const {
    processes,
    supervisor: source,
    descriptors,
    turnedAway,
    measures,
    tracing,
    identity,
    logger,
    served,
    settings,
  } = parts;
  const publicSockets = new PublicSockets({
    source,
    settings,
    logger,
    turnedAway,
    measures,
    tracing,
    identity,
    connections: { inAll: descriptors.activations, perClient: descriptors.activationsPerInstance },
    limits: proxyLimits(served.current.proxy.limits, descriptors),
    isProxied: (instance) =>
      served.current.services.get(parseInstanceName(instance).service)?.publicSocket === 'proxied',
  });
  processes.onActivation((...connection) => publicSockets.take(...connection));
  source.onRetired((generation) => publicSockets.retire(generation));
  return publicSockets;
}
