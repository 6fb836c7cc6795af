/** Replaces the served config by the one in its file. */

import { type LoadOptions, loadConfig } from '../config/load.ts';
import { assertReplacements } from '../config/programs.ts';
import { CONFIG } from '../core/access/actor.ts';
import type { Clock } from '../core/ports.ts';
import { type ProxySettingsPublisher, proxySettings } from '../core/routing/proxy-settings.ts';
import type { ConfigFeed } from '../core/service/served-config.ts';
import type { Config } from '../core/service/service.ts';
import { socketShares } from '../core/service/socket-path.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import { toTenementError } from '../errors.ts';
import { detached } from '../faults.ts';
import type { Logger } from '../logger.ts';
import type { SocketClaims } from '../registry/locks/socket-claims.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

export interface ReloadOptions {
  readonly file: string;
  readonly loadOptions: LoadOptions;
  readonly served: ConfigFeed;
  readonly supervisor: Pick<Supervisor, 'apply'>;
  readonly settings: ProxySettingsPublisher;
  readonly notify: { apply(targets: Config['notify']): void };
  readonly keys: { apply(jwt: Config['jwt']): void };
  readonly backups: { apply(backup: Config['backup']): void };
  readonly tls: { apply(tls: Config['tls']): void };
  readonly certificates: { apply(config: Config): Promise<void> };
  readonly claims: Pick<SocketClaims, 'takeMore'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
}

/**
 * Reloads the config, and returns a sentence for each change. The outcome is logged and added to the events.
 * @throws {TenementError} `config_not_found`, `bad_config`, `socket_path_too_long`, `sockets_taken`, `shutting_down`;
 * nothing has changed then
 */
export function reload(options: ReloadOptions): string[] {
  const {
    file,
    loadOptions,
    served,
    supervisor,
    settings,
    notify,
    keys,
    backups,
    tls,
    certificates,
    claims,
    events,
    clock,
    logger,
  } = options;
  const base = { atMs: clock.nowMs(), instance: null, by: CONFIG };
  try {
    const config = loadConfig(file, loadOptions);
    assertReplacements(served.current, config, process.env);
    claims.takeMore(socketShares(config.services.values(), served.current.settings));
    const changes = supervisor.apply(config);
    // Files of certificates may have changed, whatever the config says.
    tls.apply(served.current.tls);
    detached(logger, { part: 'acme' }, certificates.apply(served.current));
    if (changes.length === 0) return changes;
    // Workers also get the changed targets of their grants.
    keys.apply(served.current.jwt);
    settings.publish(proxySettings(served.current, settings.current.routing.version + 1));
    notify.apply(served.current.notify);
    backups.apply(served.current.backup);
    logger.info({ changes }, 'config reloaded');
    events.append({ ...base, type: 'reloaded', message: changes.join('. '), data: { changes } });
    return changes;
  } catch (error) {
    const { message: first, details, code } = toTenementError(error);
    const message = [first, ...details].join('; ');
    logger.error({ code, reason: message }, 'config not reloaded; the previous one stays in force');
    events.append({ ...base, type: 'reload-failed', message, data: { code } });
    throw error;
  }
}
