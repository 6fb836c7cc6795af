/**
 * Writes systemd units for a server: its service, the service that holds the cgroup of the tenants, and a socket for each
 * address. Pure. docs/systemd.md says why there are two services; the settings are those of systemd.service(5),
 * systemd.socket(5) and systemd.exec(5).
 */

import { SOCKET_NAMES, type SocketName } from './unit-sockets.ts';

export interface UnitFile {
  readonly name: string;
  readonly text: string;
}

export interface UnitOptions {
  /** Words of the command line before `serve`, the first one an absolute path. */
  readonly program: readonly string[];
  /** Directory with programs for tenants, which precedes systemd's default `PATH`; null: none. */
  readonly programDir: string | null;
  /** Absolute paths. */
  readonly configFile: string;
  readonly dataDir: string;
  readonly runtimeDir: string;
  /** null: root. */
  readonly user: string | null;
  /** Addresses with a numeric host, as `ListenStream=` takes them. */
  readonly sockets: Partial<Readonly<Record<SocketName, string>>>;
}

/** First line of each file. A file without it was written by somebody else. */
export const UNIT_MARK = '# Written by `tenement install`, which also replaces it. Your own settings: systemctl edit';

/**
 * Public sockets that systemd keeps between two servers. It passes them all to the next one, and while it puts them in order it
 * needs up to twice as many descriptors, below the soft limit that it starts services with (1024): systemd 252 could not
 * start a service with 901 of them (202/FDS).
 */
export const MAX_KEPT = 400;

const SERVICE = 'tenement.service';
const TENANTS = 'tenement-tenants.service';
const SLICE = 'tenement.slice';
/** The config's `cgroup_root` for these units. */
export const TENANTS_CGROUP = `/sys/fs/cgroup/${SLICE}/${TENANTS}`;
/** Lines of `[settings]` with which a restart of the server leaves tenants running. `tenement init` writes them. */
export const KEPT_LINES = ['on_exit = "keep"', `cgroup_root = "${TENANTS_CGROUP}"`] as const;

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Capabilities that neither the server nor bubblewrap nor gVisor uses. */
const NEEDLESS = [
  'AUDIT_CONTROL',
  'BLOCK_SUSPEND',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'SYS_BOOT',
  'SYS_MODULE',
  'SYS_PACCT',
  'SYS_RAWIO',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'SYSLOG',
  'WAKE_ALARM',
];

export function unitFiles(options: UnitOptions): UnitFile[] {
  const sockets = SOCKET_NAMES.flatMap((name) => {
    const address = options.sockets[name];
    return address === undefined ? [] : [socketUnit(name, address, options)];
  });
  return [serviceUnit(options, sockets), tenantsUnit(options), ...sockets];
}

function serviceUnit(options: UnitOptions, sockets: readonly UnitFile[]): UnitFile {
  const { program, programDir, configFile, dataDir, user } = options;
  const command = (...words: string[]) => [...program, ...words, '-c', configFile].map(quoted).join(' ');
  const names = sockets.map(({ name }) => name).join(' ');
  const text = unit([
    '# The server. Its restarts and crashes do not affect tenants, which are in the cgroup of tenement-tenants.service.',
    '[Unit]',
    'Description=tenement, a process for each tenant',
    `Requires=${TENANTS}`,
    `After=${TENANTS} network.target`,
    '# systemd starts the server again however often it fails.',
    'StartLimitIntervalSec=0',
    ...installed(options),
    '',
    '[Service]',
    'Type=notify',
    `ExecStart=${command('serve')}`,
    `ExecReload=${command('reload')}`,
    ...when(programDir !== null, `Environment=${quoted(`PATH=${programDir}:${DEFAULT_PATH}`)}`),
    ...when(user !== null, `User=${user}`),
    ...when(names !== '', `Sockets=${names}`),
    '# Sockets for front servers and of sleeping tenants, which systemd keeps between two servers.',
    `FileDescriptorStoreMax=${MAX_KEPT + 1}`,
    'Restart=always',
    'RestartSec=500ms',
    '# The exit status for a bad config.',
    'RestartPreventExitStatus=2',
    '# A server whose event loop hangs is killed and started again. A core dump would hold secrets of tenants.',
    'WatchdogSec=30s',
    'WatchdogSignal=SIGKILL',
    '# Many tenants are taken back before the server is ready, and responses are completed before it ends.',
    'TimeoutStartSec=5min',
    'TimeoutStopSec=90s',
    `Slice=${SLICE}`,
    'KillMode=mixed',
    ...directory('StateDirectory', '/var/lib', dataDir),
    '',
    '# Tenants inherit these settings. Stricter ones, such as ProtectSystem=, ProtectKernelTunables=, RestrictNamespaces=,',
    '# MemoryDenyWriteExecute= and SystemCallFilter=, break levels of isolation, limits or applications.',
    `CapabilityBoundingSet=~${NEEDLESS.map((name) => `CAP_${name}`).join(' ')}`,
    ...when(user === null, 'RestrictRealtime=yes'),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    ...when(names !== '', `Also=${names}`),
  ]);
  return { name: SERVICE, text };
}

function tenantsUnit({ user, runtimeDir }: UnitOptions): UnitFile {
  const path = `/sys/fs/cgroup/${SLICE}/%n`;
  const text = unit([
    '# The cgroup in which tenants run, and the directory of their sockets: both outlive the server. Stopping this unit ends',
    '# the server and every tenant.',
    '[Unit]',
    'Description=Tenants of tenement',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...(user === null ? [] : ownSlice(user)),
    '# systemd removes an empty cgroup, and a divided cgroup takes no process itself: this process sleeps in a leaf of it.',
    `ExecStart=/bin/sh -c 'mkdir -p "$$0/holder" && echo 0 >"$$0/holder/cgroup.procs" && { sleep infinity & }' ${path}`,
    '# A suspended tenant takes no signal until it is thawed.',
    `ExecStop=-/bin/sh -c 'for file in ${path}/*/*/cgroup.freeze; do echo 0 >"$$file"; done'`,
    'TimeoutStopSec=30',
    '',
    `Slice=${SLICE}`,
    '# The server divides this cgroup; systemd leaves it alone.',
    'Delegate=yes',
    '# The default is a share of what the machine may run; tenants have limits of their own.',
    'TasksMax=infinity',
    ...directory('RuntimeDirectory', '/run', runtimeDir),
  ]);
  return { name: TENANTS, text };
}

/** To move a process between two cgroups, a user has to own `cgroup.procs` of their common parent. */
function ownSlice(user: string): string[] {
  return [`User=${user}`, `ExecStartPre=+/bin/chown ${user} /sys/fs/cgroup/${SLICE}/cgroup.procs`];
}

function socketUnit(name: SocketName, address: string, options: UnitOptions): UnitFile {
  const text = unit([
    '# systemd keeps the socket while one server ends and the next starts: connections wait, and none is refused.',
    '[Unit]',
    `Description=Socket of tenement for [${name}] listen`,
    ...installed(options),
    '',
    '[Socket]',
    `ListenStream=${address}`,
    `FileDescriptorName=${name}`,
    `Service=${SERVICE}`,
    'Backlog=4096',
    '# The address may come up later than the socket.',
    'FreeBind=yes',
    '',
    '[Install]',
    'WantedBy=sockets.target',
  ]);
  return { name: `tenement-${name}.socket`, text };
}

/** Units outlive the program that wrote them. */
function installed({ program }: UnitOptions): string[] {
  return [
    '# Without the program there is nothing to start.',
    `ConditionPathExists=${program.at(-1)?.replaceAll('%', '%%')}`,
  ];
}

function unit(lines: readonly string[]): string {
  return `${UNIT_MARK}\n${lines.join('\n')}\n`;
}

function when(condition: boolean, line: string): string[] {
  return condition ? [line] : [];
}

/** Lets systemd make a directory, if it is one right below `parent`. */
function directory(setting: string, parent: string, path: string): string[] {
  const name = path.startsWith(`${parent}/`) ? path.slice(parent.length + 1) : '';
  return when(/^[\w.-]+$/.test(name), `${setting}=${name}`);
}

/** Quotes a word of a command line (systemd.service(5), "Command lines"; `%` begins a specifier). */
function quoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}
