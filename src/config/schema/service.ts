/** The tables `[service.NAME]`. */
import { z } from 'zod';
import { LIMITS, MAX_MIB } from '../../core/limits/limit-table.ts';
import { parseGenerator } from '../../core/secrets/generator.ts';
import { limitShape, secretName, variableName } from '../../input-schemas.ts';
import { provisionSchema } from './provision.ts';
import { count, duration, parsedText, text, variable } from './values.ts';

/** Each runs for each tenant, one after the other. */
const MAX_HOOKS = 32;

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
  public_socket: z
    .enum(['auto', 'direct', 'proxied'])
    .default('auto')
    .describe(
      'The server behind the public socket of a ready instance. `direct`: its own process. `proxied`: tenement, so that everything that holds for requests through the proxy holds there too. `auto`: `direct`, unless a plan has a key that needs every request to pass the proxy; see docs/front-servers.md.',
    ),
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
  self_api: z
    .boolean()
    .default(false)
    .describe(
      'Whether each instance has a socket of its own to tenement, `TENEMENT_SOCKET`: its plan, its usage, counters, `busy`; see docs/self-api.md.',
    ),
  max_busy: duration()
    .default('1h')
    .describe('Maximum time that an instance may keep itself awake with one `busy`; needs `self_api`.'),
  inherit_env: z
    .array(variableName)
    .default([])
    .describe("Names of variables that the process gets from the server's environment."),
  env: z
    .record(variableName, variable())
    .default({})
    .describe(
      'Environment variables of the process; values are templates, with `{secret.NAME}` too. What stands here is not secret; see docs/secrets.md.',
    ),
  secrets_env: z
    .array(secretName)
    .default([])
    .describe('Secrets of the tenant that the process also gets as variables of the same names; see docs/secrets.md.'),
  secrets: z
    .record(secretName, z.strictObject({ generate: parsedText(parseGenerator) }))
    .default({})
    .describe(
      'Secrets with a random value that each tenant gets once: `NAME = { generate = "hex:32" }`. `hex` and `base64` take a number of bytes, `alnum` of characters, `uuid` none.',
    ),
  provision: z
    .array(provisionSchema)
    .max(MAX_HOOKS, {
      error: ({ input }) => `expected at most ${MAX_HOOKS} tables, but this is ${(input as unknown[]).length}`,
    })
    .default([])
    .describe('Hooks that make what a tenant needs outside of tenement: one table for each; see docs/provisioning.md.'),
});

export type ServiceInput = z.output<typeof serviceSchema>;
