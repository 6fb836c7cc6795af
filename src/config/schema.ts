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
    .describe('Tenant directories; tenement keeps its own state in `{data_dir}/.tenement`.'),
  runtime_dir: text()
    .optional()
    .describe(
      'Sockets. Default `$XDG_RUNTIME_DIR/tenement`, as root `/run/tenement`, else `{data_dir}/.tenement/run`. A directory has one server; of two with the same default, the second uses another beside it.',
    ),
  health_check_interval: duration()
    .default(10)
    .describe('Time between liveness probes; three failures in a row restart the instance.'),
  max_restarts: count(0)
    .default(3)
    .describe('Crashes within `restart_window` that are answered with a restart; past it the instance is `failed`.'),
  restart_window: duration()
    .default(300)
    .describe('How long a crash counts, and how long `failed` lasts before it is tried once.'),
  backoff_base_ms: count(1)
    .default(1000)
    .describe(
      'Delay before the restart after one crash, in milliseconds; doubles with each more. There is none after the first crash of a process that had been ready.',
    ),
  backoff_max_ms: count(1).default(60_000).describe('The longest delay before a restart, in milliseconds.'),
  max_running: count(1)
    .default(100)
    .describe(
      'Past it, the least recently used idle instance is put to sleep first; with none idle, or only such as other clients use, a request gets 503; see docs/operating.md.',
    ),
  max_concurrent_starts: count(1).default(8).describe('Starts at once; the others wait their turn.'),
  memory_reserve_mb: count(0)
    .max(MAX_MIB)
    .default(256)
    .describe(
      'Memory of the machine in MiB that is kept available: below it, suspended and idle instances are ended, least recently used first; 0: none.',
    ),
  dynamic_uids: z
    .string()
    .regex(/^[1-9]\d{2,8}-[1-9]\d{2,8}$/, 'expected a range like "200000-265535"')
    .default('200000-265535')
    .describe(
      'User ids for tenants with `user = "dynamic"`; nothing else on the machine may have them, another server neither.',
    ),
  cgroup_root: text()
    .optional()
    .describe("A delegated cgroup, as an absolute path, for the instances' own. Default: below the server's."),
  on_exit: z
    .enum(['stop', 'keep'])
    .default('stop')
    .describe('`keep`: SIGTERM leaves tenants running for the next server. SIGINT always stops them.'),
});

export const proxySchema = z.strictObject({
  listen: address().default('127.0.0.1:8080').describe('Where the proxy takes requests.'),
  domain: z
    .union([domain(), z.array(domain()).min(1)], 'expected a domain or a list of domains')
    .default('localhost')
    .describe('A domain or a list; `*` routes on the leading label of any host.'),
  default_service: text()
    .optional()
    .describe('The service of `{tenant}.{domain}`; may be left out while there is one service.'),
  trusted_proxies: z
    .array(text())
    .default([])
    .describe(
      'Addresses or CIDR ranges that may say who the client is: X-Forwarded-*, X-Request-Id and others, see front-servers.md.',
    ),
  workers: z
    .union([count(1).max(64), z.literal('auto')], 'expected a number of processes or "auto"')
    .default(1)
    .describe('Processes that share the port; 1: the server itself; `"auto"`: one for each core.'),
  max_connections: count(0)
    .default(0)
    .describe(
      'Connections of clients at once, of each process that takes them; past it, the longest idle one is closed, or else new ones get 503. 0: as many as the limit of open files allows.',
    ),
  max_connections_per_client: count(0)
    .default(0)
    .describe(
      'Of them, from one IPv4 address or IPv6 /64; `trusted_proxies` are exempt. 0: a quarter of `max_connections`; of fewer than 1024 up to 256, and no more than three quarters.',
    ),
  max_header_kb: count(1)
    .max(1024)
    .default(16)
    .describe('Request line and headers together, in KiB; larger ones get 431.'),
  header_timeout: duration().default(30).describe('Until the headers of a request are whole; later ones get 408.'),
  keep_alive_timeout: duration()
    .default(65)
    .describe('Between two requests on a connection; longer than that of a front server (nginx: 60).'),
  body_idle_timeout: duration()
    .default(60)
    .describe(
      'A client that sends nothing of its upload, or takes nothing of a download, for so long is cut off; 0: never.',
    ),
});

export const apiSchema = z.strictObject({
  listen: address().default('127.0.0.1:8000').describe('Where the HTTP API listens.'),
  auth: z.enum(['token', 'none']).default('token').describe('`none` is refused unless `listen` is a loopback address.'),
});

export const serviceSchema = z.strictObject({
  command: z
    .union([text(), z.array(z.string()).min(1)], 'expected a string or an array of strings')
    .describe('Split as a shell splits words, but there is no shell; or an array of words.'),
  workdir: text().default('.').describe("From the config file's directory."),
  socket: text().optional().describe('The public socket. Default `{runtime_dir}/{service}-{id}.sock`.'),
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
    .describe('GET of this path: 2xx is healthy. Left out, accepting a connection is.'),
  health_host: text()
    .default('{host}')
    .describe("`Host` of the probes: an application may answer for its tenant's own host only."),
  health_timeout: duration().default(5).describe('How long one probe may take.'),
  restart: z
    .enum(['on-failure', 'always', 'never'])
    .default('on-failure')
    .describe('After an exit nobody asked for. `never`: only a request wakes it again.'),
  idle_timeout: duration()
    .default(300)
    .describe('Without requests and open connections for this long it goes to sleep; 0: never.'),
  idle_action: z
    .enum(['stop', 'suspend'])
    .default('stop')
    .describe(
      '`suspend`: an idle process is frozen instead of ended, and thawed by the next request; see docs/suspend.md.',
    ),
  suspend_timeout: duration()
    .default(3600)
    .describe('Frozen for this long without a request, its process is ended; 0: never.'),
  startup_timeout: duration().default(30).describe('Not ready by then, it is ended and counts as crashed.'),
  stop_timeout: duration().default(10).describe('Between SIGTERM and SIGKILL, to the whole process group.'),
  drain_timeout: duration()
    .default(30)
    .describe('How long a stop, restart or sleep waits for requests in flight before SIGTERM.'),
  request_timeout: duration().default(60).describe('To the first byte of the response; 0: none.'),
  wake_queue: count(0).default(256).describe('Requests held per instance while it wakes; more get 503.'),
  retry: z
    .boolean()
    .default(true)
    .describe(
      'A GET, HEAD or OPTIONS without a body whose process died before it answered is sent again, once; see docs/operating.md.',
    ),
  isolation: z
    .enum(['process', 'namespace', 'sandbox'])
    .default('process')
    .describe('How a tenant is kept from the others; see docs/isolation.md.'),
  network: z
    .enum(['host', 'none'])
    .default('host')
    .describe('`none`: no network but its socket. Takes `isolation = "namespace"` or `"sandbox"`.'),
  user: z
    .enum(['dynamic', 'root'])
    .optional()
    .describe(
      "`dynamic`: each tenant has a user id of its own; takes root. `root`: tenants are the server's user. Default: `dynamic` where root runs a service at `namespace` or `sandbox`, else the server's user.",
    ),
  read_only_paths: z
    .array(text())
    .optional()
    .describe(
      "At `namespace` and `sandbox`: the only paths of the host that a tenant sees. Default: all but what is others'.",
    ),
  read_write_paths: z
    .array(text())
    .default([])
    .describe(
      'At `namespace` and `sandbox`: directories of the host that tenants see and may write in, as far as their user may.',
    ),
  sockets: z
    .array(text())
    .default([])
    .describe(
      'At `namespace`: Unix sockets of the host that a tenant may connect to, a database\'s say, or directories of such; also with `network = "none"`.',
    ),
  tmp_limit_mb: count(1)
    .max(MAX_MIB)
    .optional()
    .describe(
      'At `namespace` and `sandbox`: what each of `/tmp`, `/var/tmp` and `/dev/shm` may take of memory, in MiB. Default: half of `memory_limit_mb`, else 64.',
    ),
  ...limitShape((name) => LIMITS[name].key),
  storage_action: z
    .enum(['warn', 'stop'])
    .default('warn')
    .describe('Over `storage_limit_mb`. `warn`: an event, and a line in `status`. `stop`: it is also stopped.'),
  log_limit_mb: count(1)
    .max(MAX_MIB)
    .default(16)
    .describe("Size of an instance's log in MiB: half of it in the current file, half in the one before it."),
  inherit_env: z
    .array(variableName)
    .default([])
    .describe("Names of variables that the child gets from the server's environment."),
  env: z
    .record(variableName, z.union([variableValue, z.number(), z.boolean()]))
    .default({})
    .describe('Variables of the child; values are templates.'),
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
      'Service = list of ids: registered and started with the server; with `{ ids = ["acme"], start = false }` only registered.',
    ),
  routing: z
    .strictObject({ aliases: z.record(label(), label()).default({}).describe('Leading label = tenant id.') })
    .prefault({})
    .describe('Routing beside the ids.'),
});

export type ConfigInput = z.output<typeof configSchema>;
export type ServiceInput = z.output<typeof serviceSchema>;
