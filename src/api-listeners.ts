/** The control socket and the HTTP API: the same routes, for whoever may open a file and for callers over TCP. */
import { join } from 'node:path';
import { createApi } from './api/server.ts';
import type { Parts } from './compose.ts';
import { controlSocketOf, tellControlSocket } from './config/control-socket.ts';
import type { ClientProbes } from './core/admission/client-probes.ts';
import type { HostFindings } from './core/dashboard/host-face.ts';
import type { ListenTarget } from './core/service/listen-target.ts';
import type { Config, ListenAddress } from './core/service/service.ts';
import { TenementError } from './errors.ts';
import type { Logger } from './logger.ts';
import { HostReport } from './parts/host.ts';
import { followTrusted } from './proxy/routing/trusted.ts';
import { ensureAdminToken } from './registry/tokens/admin-token.ts';

/** Ends what was opened, in reverse, without waiting once `hurry` aborts. */
export type CleanupSteps = ((hurry: AbortSignal) => Promise<void>)[];

export interface ApiListenerOptions {
  readonly logger: Logger;
  readonly version: string;
  readonly listen: ListenTarget;
  readonly checkHost?: (() => Promise<HostFindings>) | undefined;
  readonly clientProbes?: ClientProbes | undefined;
}

/**
 * Opens both. Returns the address of the API with the actual port. @param undo gets what closes them
 * @throws {TenementError} `already_running`, `listen_failed`
 */
export async function openApis(parts: Parts, options: ApiListenerOptions, undo: CleanupSteps): Promise<ListenAddress> {
  const {
    served,
    supervisor,
    proxySettings,
    events,
    logs,
    tokens,
    tokenStore,
    logins,
    notify,
    backups,
    certificates,
    instanceOf,
    isShared,
    usage,
    turnedAway,
    measures,
    identity,
    descriptors,
  } = parts;
  const config = served.current;
  const { stateDir } = config.settings;
  let apiAddress: ListenAddress | null = null;
  const deps = {
    supervisor,
    events,
    logs,
    tokens,
    notify,
    backups,
    certificates,
    usage,
    tokenStore,
    logins,
    turnedAway,
    measures,
    host: hostReport(parts, options),
    identity: identity.reading,
    tls: parts.tls,
    config: () => served.current,
    reload: () => parts.reload(),
    isKnownHost: (host: string) => instanceOf(host) !== null || isShared(host),
    apiAddress: () => apiAddress,
    version: options.version,
  };
  if (config.api.auth === 'token') await ensureAdminToken(parts, join(stateDir, 'admin.token'));
  const isExempt = followTrusted(proxySettings);
  const control = createApi({
    deps,
    trust: 'control-socket',
    logger: options.logger,
    connectionLimit: {
      listener: 'control-socket',
      limits: { inAll: descriptors.control, perClient: 0 },
      turnedAway,
      isExempt,
    },
  });
  undo.push((hurry) => control.close(hurry));
  await control.listen({ path: controlSocketOf(config.settings) });
  undo.push(tellWhere(config, options.logger));
  const limits = { inAll: descriptors.api, perClient: descriptors.apiPerClient };
  const api = createApi({
    deps,
    trust: config.api.auth,
    isTrusted: isExempt,
    logger: options.logger,
    clientProbes: options.clientProbes,
    connectionLimit: { listener: 'api', limits, turnedAway, isExempt },
  });
  undo.push((hurry) => api.close(hurry));
  apiAddress = await api.listen(tcpTargetOf(options.listen));
  return apiAddress;
}

function hostReport({ served, supervisor, logger }: Parts, { version, checkHost }: ApiListenerOptions): HostReport {
  const check = checkHost ?? (async () => ({ isolation: [], cgroup: null, notices: [] }));
  return new HostReport({ served, supervisor, logger, version, check });
}

/** @throws {TenementError} `listen_failed` for several sockets */
function tcpTargetOf({ host, port, openSockets }: ListenTarget) {
  const [fd, ...more] = openSockets?.(1) ?? [];
  if (more.length === 0) return { host, port, fd };
  throw new TenementError('listen_failed', `systemd passed ${more.length + 1} sockets for the API, which has one`, {
    hint: 'Leave one ListenStream= in the .socket unit of the API.',
  });
}

/** Records the control socket's path. Without the record, commands need a config that names the data directory. */
function tellWhere(config: Config, logger: Logger): () => Promise<void> {
  try {
    const forget = tellControlSocket(config);
    return async () => forget();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ reason }, 'commands will not find this server by its config');
    return async () => {};
  }
}
