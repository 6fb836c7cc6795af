/** Decides which systemd units a config needs, and what is in the way. */
import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { Config, ListenAddress } from '../../core/service/service.ts';
import { UNIT_MARK, type UnitFile, unitFiles } from '../../core/service/unit-files.ts';
import type { SocketName } from '../../core/service/unit-sockets.ts';
import { TenementError } from '../../errors.ts';
import { canDuplicate } from '../../process/child/pidfd.ts';
import { missingLines, withLines } from './kept-settings.ts';
import { read, UNIT_DIR } from './write-units.ts';

export interface InstallOptions {
  readonly configFile: string;
  /** The server's user; left out: that of the units that are there, or else root. */
  readonly user?: string | undefined;
}

export interface InstallPlan {
  readonly config: Config;
  /** The config with the settings that keep tenants; null: it has them. */
  readonly changedConfig: ChangedConfig | null;
  readonly units: readonly UnitFile[];
  /** One sentence each. */
  readonly notes: readonly string[];
}

export interface ChangedConfig {
  readonly text: string;
  /** Lines that are comments so far. */
  readonly lines: readonly string[];
}

/** PATH of what systemd starts (systemd.exec(5)). */
const SYSTEM_DIRS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * @throws {TenementError} `config_not_found`, `bad_config`; `bad_input` for an unknown user and for settings that the units
 * cannot keep; `host_cannot` for a Node that cannot take sockets over
 */
export async function planInstall(options: InstallOptions): Promise<InstallPlan> {
  const { configFile, user = userOfUnits() ?? 'root' } = options;
  assertNode();
  const uid = uidOf(user);
  // The settings that the server will find: systemd gives it no XDG_RUNTIME_DIR.
  const config = loadConfig(configFile, { env: {}, uid });
  const changedConfig = keptConfig(config);
  const notes: string[] = [];
  const sockets: Partial<Record<SocketName, string>> = {};
  for (const [name, listen] of listenersOf(config)) {
    if (listen.port === 0) notes.push(`[${name}] listen has port 0, so the server opens that socket itself`);
    else sockets[name] = await streamOf(name, listen);
  }
  const { dataDir, runtimeDir } = config.settings;
  const isRoot = uid === 0;
  if (!isRoot && !dataDir.startsWith('/var/lib/')) notes.push(`${user} must be able to write ${dataDir}`);
  const units = unitFiles({
    ...programOf(process.env),
    configFile: config.file,
    dataDir,
    runtimeDir,
    user: isRoot ? null : user,
    sockets,
  });
  return { config, changedConfig, units, notes };
}

function assertNode(): void {
  if (canDuplicate()) return;
  throw new TenementError('host_cannot', `Node ${process.versions.node} cannot take over sockets from systemd`, {
    hint: 'Install Node 26.1 or later, or write a unit without sockets: docs/systemd.md.',
  });
}

/** Returns the user that an earlier run was given; null: root, or there are no units. */
function userOfUnits(): string | null {
  const text = read(join(UNIT_DIR, 'tenement.service'));
  return text?.startsWith(UNIT_MARK) === true ? (/^User=(.+)$/m.exec(text)?.[1] ?? null) : null;
}

function uidOf(user: string): number {
  try {
    return Number(execFileSync('id', ['-u', '--', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    throw new TenementError('bad_input', `there is no user ${JSON.stringify(user)} on this machine`, {
      hint: `Create it: useradd --system --user-group --home-dir /var/lib/tenement ${/^[a-z_][\w-]*$/.test(user) ? user : 'NAME'}`,
    });
  }
}

/** Without these settings a restart would end the tenants. @throws {TenementError} `bad_input` */
function keptConfig({ file, settings }: Config): ChangedConfig | null {
  const missing = missingLines(settings);
  if (missing.length === 0) return null;
  const text = withLines(readFileSync(file, 'utf8'), missing);
  if (text !== null) return { text, lines: missing };
  throw new TenementError('bad_input', `with these settings a restart would end the tenants: ${file}`, {
    hint: `Put this under [settings], then run the command again: ${missing.join('; ')}`,
  });
}

function listenersOf({ proxy, tls, api }: Config): [SocketName, ListenAddress][] {
  return [
    ['proxy', proxy.listen],
    ...(tls === null ? [] : [['tls', tls.listen] satisfies [SocketName, ListenAddress]]),
    ['api', api.listen],
  ];
}

/** Writes an address as systemd takes it, which accepts no names. */
async function streamOf(name: SocketName, { host, port }: ListenAddress): Promise<string> {
  const address = isIP(host) === 0 ? await resolved(name, host) : host;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

async function resolved(name: SocketName, host: string): Promise<string> {
  const found = await lookup(host, { order: 'ipv4first' }).catch(() => null);
  if (found !== null) return found.address;
  throw new TenementError('bad_input', `[${name}] listen: ${host} has no address on this machine`, {
    hint: 'Write a numeric address, such as 127.0.0.1:8080 or 0.0.0.0:80.',
  });
}

/**
 * Returns how systemd starts this program. `TENEMENT_PROGRAM` names a script that starts it; otherwise the Node that runs
 * now does, and tenants find it, too.
 */
function programOf({ TENEMENT_PROGRAM: script }: NodeJS.ProcessEnv) {
  if (script?.startsWith('/')) return { program: [script], programDir: null };
  const dir = dirname(process.execPath);
  const isPlain = SYSTEM_DIRS.includes(dir) || dir.includes(delimiter);
  return { program: [process.execPath, realpathSync(process.argv[1] ?? '')], programDir: isPlain ? null : dir };
}
