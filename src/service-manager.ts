/** The service of systemd in which a config is served, and what its settings mean for the config's tenants. */
import { realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Config } from './core/service/service.ts';
import { type ServiceUnit, type Tenancy, unitWarnings } from './core/service/service-unit.ts';
import { publicSocketPath } from './core/service/socket-path.ts';
import { isUnified, ownUnit } from './process/systemd/own-unit.ts';
import { commandOf, environmentOf, type Properties, serviceUnits, showUnit } from './process/systemd/show.ts';

/** What `ExecStart=` may name: the program by either of its names, or its file. */
const PROGRAMS = new Set(['tenement', 'ten', 'tenement.js']);
/** Any of them. */
const PROGRAM = /\bten(?:ement(?:\.js)?)?\b/;

/** That of this process; null: it is of none, or systemd does not answer. */
export async function unitOfServer(env: NodeJS.ProcessEnv): Promise<ServiceUnit | null> {
  const own = ownUnit(env);
  return own === null ? null : showUnit(own);
}

/** The first unit of the system, else of this user, that serves the config, running or not; null: there is none. */
export async function unitServing({ file }: Pick<Config, 'file'>): Promise<ServiceUnit | null> {
  const isAsked = (properties: Properties) => real(configOf(properties)) === real(file);
  const [ofSystem] = await serviceUnits('system', PROGRAM, isAsked);
  if (ofSystem !== undefined) return ofSystem;
  const [ofUser = null] = await serviceUnits('user', PROGRAM, isAsked);
  return ofUser;
}

/** A sentence for each setting of the unit that breaks what the config promises. */
export function unitWarningsFor(unit: ServiceUnit, config: Config): string[] {
  return unitWarnings(unit, tenancyOf(config));
}

function tenancyOf({ settings, services }: Config): Tenancy {
  const { onExit, cgroupRoot, dataDir } = settings;
  const sockets = Array.from(services.values(), (service) => dirname(publicSocketPath(service, '{id}', settings)));
  return { onExit, cgroupRoot, dataDir, socketDirs: [...new Set(sockets)], isV2: isUnified() };
}

/** The config that a unit serves, as an absolute path; null: it is none of tenement's. */
export function configOf(properties: Properties): string | null {
  const words = commandOf(properties);
  if (!words.includes('serve') || !words.some((word) => PROGRAMS.has(basename(word)))) return null;
  const named = optionOf(words) ?? environmentOf(properties)['TENEMENT_CONFIG'] ?? 'tenement.toml';
  // `!` before a directory that need not be there.
  return resolve((properties['WorkingDirectory'] || '/').replace(/^!/, ''), named);
}

function optionOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-c' || word === '--config');
  return at < 0 ? words.find((word) => word.startsWith('--config='))?.slice('--config='.length) : words[at + 1];
}

/** Without links; null where there is none. */
function real(path: string | null): string | null {
  try {
    return path === null ? null : realpathSync(path);
  } catch {
    return null;
  }
}
