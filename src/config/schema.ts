/** Every key of tenement.toml: its type, default and meaning. The docs and the editors' schema derive from this. */
import { z } from 'zod';
import { LIMITS, MAX_MIB } from '../core/limits/limit-table.ts';
import { parseDurationMs } from '../core/limits/units.ts';
import { isLabel } from '../core/tenants/tenant.ts';
import { limitShape, variableName, variableValue } from '../input-schemas.ts';
import { listenAddress } from './address.ts';

const DURATION_MEANING = '0 or more whole seconds, or a string like "5m" or "250ms"';

const duration = () =>
  z
    .union([z.int().min(0), z.string()], `expected a duration: ${DURATION_MEANING}`)
    .refine((value) => parseDurationMs(value) !== null, `expected a duration: ${DURATION_MEANING}`);

const address = () =>
  z.string().refine((text) => listenAddress(text) !== null, 'expected an address like "127.0.0.1:8080"');

const label = () =>
  z.string().refine(isLabel, 'expected a DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end');

const DOMAIN = /^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*)\.?$/i;
const domain = () => z.string().regex(DOMAIN, 'expected a domain like "example.com", or "*"');

const count = (minimum: number) => z.int().min(minimum);
const text = () => z.string().min(1);

export const settingsSchema = z.strictObject({
  data_dir: text()
    .default('./data')
    .describe('The directory of all tenant directories. tenement keeps its own state in `{data_dir}/.tenement`.'),
  runtime_dir: text()
    .optional()
    .describe(
      'The directory of sockets. Default: `$XDG_RUNTIME_DIR/tenement`, as root `/run/tenement`, else `{data_dir}/.tenement/run`. A directory belongs to one server: if two have the same default, the second uses a directory beside it.',
    ),
  health_check_interval: duration()
    .default(10)
    .describe('Time between liveness probes. Three failures in a row restart the instance.'),
  max_restarts: count(0)
    .default(3)
    .describe(
      'Maximum number of crashes within `restart_window` that are followed by a restart; after one more the instance is `failed`.',
    ),
  restart_window: duration()
    .default(300)
    .describe('How long a crash counts, and how long an instance is `failed` before it is tried once.'),
  backoff_base_ms: count(1)
    .default(1000)
    .describe(
      'Delay before a restart, in milliseconds; it doubles with each crash in the window. A process that had been ready is restarted without delay after its first crash.',
    ),
  backoff_max_ms: count(1).default(60_000).describe('The longest delay before a restart, in milliseconds.'),
  max_running: count(1)
    .default(100)
    .describe(
      'Maximum number of instances with a process. Beyond it, the least recently used idle instance is put to sleep first. If none is idle, or other clients use the idle ones, a request gets 503. See docs/operating.md.',
    ),
  max_concurrent_starts: count(1)
    .default(8)
    .describe('Maximum number of instances that start at the same time; the others wait.'),
  memory_reserve_mb: count(0)
    .max(MAX_MIB)
    .default(256)
    .describe(
      'Memory of the machine, in MiB, that is kept available. Below it, suspended and idle instances are ended, the least recently used first; 0: none.',
    ),
  dynamic_uids: z
    .string()
    .regex(/^[1-9]\d{2,8}-[1-9]\d{2,8}$/, 'expected a range like "200000-265535"')
    .default('200000-265535')
    .describe(
      'User ids for tenants with `user = "dynamic"`. Nothing else on the machine may use them, including other servers.',
    ),
  cgroup_root: text()
    .optional()
    .describe("Absolute path of a delegated cgroup for the cgroups of instances. Default: below the server's own."),
  on_exit: z
    .enum(['stop', 'keep'])
    .default('stop')
    .describe('`keep`: SIGTERM leaves tenants running for the next server. SIGINT always ends them.'),
});

export const proxySchema = z.strictObject({
  listen: address().default('127.0.0.1:8080').describe('Address on which the proxy listens.'),
  domain: z
    .union([domain(), z.array(domain()).min(1)], 'expected a domain or a list of domains')
    .default('localhost')
    .describe('A domain or a list of domains; `*` routes by the leading label of any host.'),
  default_service: text()
    .optional()
    .describe('The service for `{tenant}.{domain}`; optional if there is only one service.'),
  trusted_proxies: z
    .array(text())
    .default([])
    .describe(
      'Addresses or CIDR ranges of front servers whose X-Forwarded-*, X-Request-Id and other fields about the client are trusted; see docs/front-servers.md.',
    ),
  workers: z
    .union([count(1).max(64), z.literal('auto')], 'expected a number of processes or "auto"')
    .default(1)
    .describe(
      'Number of proxy processes that share the port. 1: the server itself is the proxy. `"auto"`: one for each core.',
    ),
  max_connections: count(0)
    .default(0)
    .describe(
      'Maximum number of client connections of each proxy process. Beyond it, the connection that has been idle longest is closed, or, if none is idle, a new one gets 503. 0: as many as the limit of open files allows.',
    ),
  max_connections_per_client: count(0)
    .default(0)
    .describe(
      'Maximum number of them from one IPv4 address or IPv6 /64; `trusted_proxies` are exempt. 0: a quarter of `max_connections`; if that is below 1024, up to 256 but no more than three quarters.',
    ),
  max_header_kb: count(1)
    .max(1024)
    .default(16)
    .describe('Maximum size of request line and headers together, in KiB; larger requests get 431.'),
  header_timeout: duration()
    .default(30)
    .describe('Time until the headers of a request have arrived; slower requests get 408.'),
  keep_alive_timeout: duration()
    .default(65)
    .describe(
      'Time that a connection stays open between two requests. Set it longer than that of a front server (nginx: 60).',
    ),
  body_idle_timeout: duration()
    .default(60)
    .describe(
      'Time after which a client is cut off that sends nothing of its upload or takes nothing of its download; 0: never.',
    ),
});

export const apiSchema = z.strictObject({
  listen: address().default('127.0.0.1:8000').describe('Address on which the HTTP API listens.'),
  auth: z.enum(['token', 'none']).default('token').describe('`none` is refused unless `listen` is a loopback address.'),
});

export const serviceSchema = z.strictObject({
  command: z
    .union([text(), z.array(z.string()).min(1)], 'expected a string or an array of strings')
    .describe('The command, split into words as a shell does, but run without a shell; or an array of words.'),
  workdir: text().default('.').describe("Working directory, relative to the config file's directory."),
  socket: text().optional().describe('Path of the public socket. Default: `{runtime_dir}/{service}-{id}.sock`.'),
  socket_mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected an octal mode like "0660"')
    .default('0660')
    .describe('Mode of the public socket.'),
  socket_group: text()
    .optional()
    .describe('Group of the public socket, by name or number: `"www-data"` lets nginx on Debian connect.'),
  listen: z
    .enum(['socket', 'port'])
    .default('socket')
    .describe('`port`: the application listens on 127.0.0.1:$PORT instead.'),
  health: z
    .string()
    .startsWith('/', 'expected a path like "/health"')
    .optional()
    .describe(
      'Path of the probe, a GET: 2xx is healthy. Without it, an instance that accepts a connection is healthy.',
    ),
  health_host: text()
    .default('{host}')
    .describe('`Host` of the probes, for applications that answer only for certain hosts.'),
  health_timeout: duration().default(5).describe('Maximum duration of one probe.'),
  restart: z
    .enum(['on-failure', 'always', 'never'])
    .default('on-failure')
    .describe('When to restart a process that exits by itself. `never`: only a request wakes the instance again.'),
  idle_timeout: duration()
    .default(300)
    .describe('Time without requests and open connections after which an instance goes to sleep; 0: never.'),
  idle_action: z
    .enum(['stop', 'suspend'])
    .default('stop')
    .describe(
      '`suspend`: an idle process is frozen instead of ended, and thawed by the next request; see docs/suspend.md.',
    ),
  suspend_timeout: duration()
    .default(3600)
    .describe('Time after which a frozen process is ended if no request comes; 0: never.'),
  startup_timeout: duration()
    .default(30)
    .describe('Time until an instance has to be ready; otherwise its process is ended and counts as crashed.'),
  stop_timeout: duration().default(10).describe('Time between SIGTERM and SIGKILL to the whole process group.'),
  drain_timeout: duration()
    .default(30)
    .describe('Time that a stop, restart or sleep waits for requests in flight before SIGTERM.'),
  request_timeout: duration()
    .default(60)
    .describe('Time until the first byte of a response, after which the client gets 504; 0: no limit.'),
  wake_queue: count(0)
    .default(256)
    .describe('Maximum number of requests held for an instance while it wakes; more get 503.'),
  retry: z
    .boolean()
    .default(true)
    .describe(
      'Whether a GET, HEAD or OPTIONS without a body is sent again, once, if the process dies before it answers; see docs/operating.md.',
    ),
  isolation: z
    .enum(['process', 'namespace', 'sandbox'])
    .default('process')
    .describe('How tenants are separated from each other and from the host; see docs/isolation.md.'),
  network: z
    .enum(['host', 'none'])
    .default('host')
    .describe('`none`: no network except its socket. Needs `isolation = "namespace"` or `"sandbox"`.'),
  user: z
    .enum(['dynamic', 'root'])
    .optional()
    .describe(
      "`dynamic`: each tenant has a user id of its own; needs root. `root`: tenants run as the server's user. Default: `dynamic` if root runs a service at `namespace` or `sandbox`, else the server's user.",
    ),
  read_only_paths: z
    .array(text())
    .optional()
    .describe(
      'At `namespace` and `sandbox`: the only paths of the host that a tenant sees. Default: all paths except those of others.',
    ),
  read_write_paths: z
    .array(text())
    .default([])
    .describe(
      'At `namespace` and `sandbox`: directories of the host that tenants see, and may write in if their user may.',
    ),
  sockets: z
    .array(text())
    .default([])
    .describe(
      'At `namespace`: Unix sockets of the host to which a tenant may connect, such as a database\'s, or directories of sockets; also with `network = "none"`.',
    ),
  tmp_limit_mb: count(1)
    .max(MAX_MIB)
    .optional()
    .describe(
      'At `namespace` and `sandbox`: maximum size of each of `/tmp`, `/var/tmp` and `/dev/shm`, which are in memory, in MiB. Default: half of `memory_limit_mb`, else 64.',
    ),
  ...limitShape((name) => LIMITS[name].key),
  storage_action: z
    .enum(['warn', 'stop'])
    .default('warn')
    .describe(
      'What happens over `storage_limit_mb`. `warn`: an event, and a line in `status`. `stop`: the instance is also stopped.',
    ),
  log_limit_mb: count(1)
    .max(MAX_MIB)
    .default(16)
    .describe("Maximum size of an instance's log, in MiB: half in the current file, half in the previous one."),
  inherit_env: z
    .array(variableName)
    .default([])
    .describe("Names of variables that the process gets from the server's environment."),
  env: z
    .record(variableName, z.union([variableValue, z.number(), z.boolean()]))
    .default({})
    .describe('Environment variables of the process; values are templates.'),
});

export const configSchema = z.strictObject({
  settings: settingsSchema.prefault({}).describe('The server.'),
  proxy: proxySchema.prefault({}).describe('The built-in proxy.'),
  api: apiSchema.prefault({}).describe('The HTTP API.'),
  service: z.record(label(), serviceSchema).describe('One table per service: `[service.NAME]`.'),
  instances: z
    .record(
      z.string(),
      z.union(
        [z.array(label()), z.strictObject({ ids: z.array(label()), start: z.boolean().default(true) })],
        'expected a list of ids, or { ids = ["acme"], start = false }',
      ),
    )
    .default({})
    .describe(
      'Service = list of ids that are registered and started with the server. With `{ ids = ["acme"], start = false }` they are only registered.',
    ),
  routing: z
    .strictObject({ aliases: z.record(label(), label()).default({}).describe('Aliases: leading label = tenant id.') })
    .prefault({})
    .describe('Routing in addition to tenant ids.'),
});

export type ConfigInput = z.output<typeof configSchema>;
export type ServiceInput = z.output<typeof serviceSchema>;
