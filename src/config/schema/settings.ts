/** The table `[settings]`. */
import { z } from 'zod';
import { MAX_MIB } from '../../core/limits/limit-table.ts';
import { count, duration, text } from './values.ts';

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
