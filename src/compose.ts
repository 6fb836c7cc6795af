/** The parts of a hypervisor, joined to each other: the one place that knows all of them but for the listeners. */
import { join } from 'node:path';
import { systemClock } from './clock.ts';
import { TurnedAway } from './core/admission/turned-away.ts';
import { type DescriptorShares, roomForActivationSockets, shareDescriptors } from './core/limits/descriptors.ts';
import type { EventLog, LogStore, TokenStore } from './core/ports.ts';
import { webAddressOf } from './core/routing/web-address.ts';
import type { Config } from './core/service/service.ts';
import { onFault } from './faults.ts';
import { internalErrors } from './internal-errors.ts';
import type { Logger } from './logger.ts';
import type { OwnDirectories } from './own-directories.ts';
import { createUsageMeter } from './process/child/usage.ts';
import { descriptorLimit } from './process/launch/descriptors.ts';
import { createLauncher } from './process/launch/launcher.ts';
import { createOutput } from './process/output/output.ts';
import { readHostMemory } from './process/proc/host-memory.ts';
import { createActivationSockets } from './process/sockets/activation-sockets.ts';
import { createStorageMeter } from './process/storage/storage-meter.ts';
import { createActivationHandler } from './proxy/activation-handler.ts';
import { openDatabase } from './registry/database.ts';
import { createEventLog } from './registry/events.ts';
import { createRegistry } from './registry/instances.ts';
import type { SocketClaims } from './registry/socket-claims.ts';
import { createTokenStore } from './registry/tokens.ts';
import { Supervisor } from './supervisor/supervisor.ts';

/** What cannot be written until then, because another process holds the registry's lock, is lost. */
const LAST_EVENTS_WAIT_MS = 5000;

export interface Parts {
  readonly supervisor: Supervisor;
  readonly events: EventLog;
  readonly logs: LogStore;
  readonly tokens: TokenStore;
  readonly turnedAway: TurnedAway;
  readonly descriptors: DescriptorShares;
  readonly logger: Logger;
  /** Where the proxy listens, once it does; URLs are made of it. */
  proxyPort: number;
  readonly claims: SocketClaims;
  release(options: { keepTenants?: boolean }): Promise<void>;
}

/** Joins them; what a server has to itself is given back when that fails. @throws {TenementError} `state_failed` */
export function openParts(own: OwnDirectories, logger: Logger, proxyPort: number): Parts {
  try {
    return assemble(own, logger, proxyPort);
  } catch (error) {
    own.claims.release({ keepTenants: true });
    own.lock.release();
    throw error;
  }
}

function assemble({ config, lock, claims }: OwnDirectories, logger: Logger, proxyPort: number): Parts {
  const { stateDir } = config.settings;
  const database = openDatabase(join(stateDir, 'tenement.db'));
  const events = createEventLog(database, { logger, clock: systemClock });
  const output = createOutput({ dir: join(stateDir, 'logs'), logger });
  const registry = createRegistry(database);
  const turnedAway = new TurnedAway();
  const descriptors = sharesOf(config, registry.list().length);
  const activationHandler = createActivationHandler({
    source: { claim: (...args) => parts.supervisor.claim(...args) },
    limits: { inAll: descriptors.activations, perClient: descriptors.activationsPerInstance },
    turnedAway,
    logger,
  });
  const activationSockets = createActivationSockets({
    logger,
    onActivation: (...connection) => activationHandler.take(...connection),
    maxOpen: () => roomForActivationSockets(descriptors, parts.supervisor.config.settings.maxRunning),
  });
  const launcher = createLauncher({
    settings: config.settings,
    sink: output,
    logger,
    config: () => parts.supervisor.config,
    onListenerLeft: (instance, fd) => activationSockets.inherit(instance, fd),
  });
  const forget = onFault(internalErrors(events));
  const parts: Parts = {
    logger,
    events,
    logs: output,
    tokens: createTokenStore(database),
    turnedAway,
    descriptors,
    proxyPort,
    supervisor: new Supervisor({
      config,
      clock: systemClock,
      launcher,
      activationSockets,
      meter: createUsageMeter(),
      storageMeter: createStorageMeter(),
      descriptors,
      registry,
      events,
      logger,
      readHostMemory,
      random: Math.random,
      removeLogs: (instance) => output.remove(instance),
      webAddressOf: (service, tenantId) =>
        webAddressOf(parts.supervisor.config.proxy, parts.proxyPort, service, tenantId),
    }),
    claims,
    release: async (options) => {
      forget();
      activationHandler.close();
      await events.settled(LAST_EVENTS_WAIT_MS);
      database.close();
      claims.release(options);
      lock.release();
    },
  };
  parts.supervisor.onRetired((generation) => activationHandler.retire(generation));
  return parts;
}

/** What this process may open, shared out for as many instances as there may be soon. */
function sharesOf({ settings, instances }: Config, registered: number): DescriptorShares {
  return shareDescriptors(descriptorLimit(), settings.maxRunning, Math.max(registered, instances.length));
}
