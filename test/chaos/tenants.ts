/** The services of several kinds, their tenants, and the config that names them. */
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../fixtures/apps', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export const KINDS = [
  'notes',
  'python',
  'plain',
  'crashes',
  'stubborn',
  'leaks',
  'floods',
  'forks',
  'loops',
  'suspends',
  'hostile',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Tenant {
  readonly kind: Kind;
  readonly id: string;
  /** `plain:plain-1` */
  readonly instance: string;
  readonly host: string;
}

/** The relative number of tenants of each kind. */
const SHARE: Readonly<Record<Kind, number>> = {
  notes: 7,
  python: 7,
  plain: 6,
  crashes: 4,
  stubborn: 4,
  leaks: 3,
  floods: 3,
  forks: 4,
  loops: 2,
  suspends: 6,
  hostile: 2,
};

/** Makes about `count` tenants, at least one of each kind. */
export function tenantsOf(count: number): Tenant[] {
  const whole = Object.values(SHARE).reduce((sum, share) => sum + share, 0);
  return KINDS.flatMap((kind) => {
    const number = Math.max(1, Math.round((SHARE[kind] / whole) * count));
    return Array.from({ length: number }, (_, index) => tenantOf(kind, `${kind}-${index + 1}`));
  });
}

function tenantOf(kind: Kind, id: string): Tenant {
  return { kind, id, instance: `${kind}:${id}`, host: `${id}.${kind}.localhost` };
}

/** A part of the command line that identifies a process of that kind. */
export function programOf(kind: Kind): string {
  if (kind === 'notes') return `${EXAMPLES}/notes/app.js`;
  if (kind === 'loops') return `${FIXTURES}/exits-at-once.mjs`;
  return kind === 'python' ? `${FIXTURES}/ledger.py` : `${FIXTURES}/ledger.mjs`;
}

/** Values that a good edit of the config changes. */
export interface Edit {
  /** The value of GENERATION in the environment of these services. */
  readonly generation: Readonly<Partial<Record<Kind, number>>>;
  readonly idleTimeoutS: number;
  /** Whether the optional service is in the config. */
  readonly extra: boolean;
}

export const FIRST_EDIT: Edit = { generation: {}, idleTimeoutS: 3, extra: false };

export function configText(ports: { proxy: number; api: number }, edit: Edit): string {
  return [
    '[settings]\ndata_dir = "./data"\nruntime_dir = "./run"\nbackoff_base_ms = 50\nbackoff_max_ms = 500',
    'max_restarts = 30\nrestart_window = 20\nhealth_check_interval = 1\nmax_running = 100',
    `[proxy]\nlisten = "127.0.0.1:${ports.proxy}"\ndefault_service = "plain"`,
    `[api]\nlisten = "127.0.0.1:${ports.api}"`,
    ...KINDS.map((kind) => serviceText(kind, edit)),
    ...(edit.extra ? [`[service.extra]\ncommand = ["node", "${FIXTURES}/tenant.mjs"]\n`] : []),
  ].join('\n');
}

function serviceText(kind: Kind, { generation, idleTimeoutS }: Edit): string {
  const runner = kind === 'python' ? 'python3' : 'node';
  const health = kind === 'loops' ? '' : 'health = "/health"\n';
  const suspends = kind === 'suspends' ? 'idle_action = "suspend"\nsuspend_timeout = 2\n' : '';
  const limit = kind === 'leaks' ? 'memory_limit_mb = 150\n' : '';
  return `[service.${kind}]
command = ["${runner}", "${programOf(kind)}"]
${health}${limit}${suspends}${kind === 'hostile' ? isolationKeys(generation[kind] ?? 0) : ''}idle_timeout = ${idleTimeoutS}
stop_timeout = 1
health_timeout = 2
log_limit_mb = 2
[service.${kind}.env]
GENERATION = "${generation[kind] ?? 0}"
MISCHIEF = "${['notes', 'python', 'plain', 'loops', 'suspends'].includes(kind) ? 'none' : kind}"
`;
}

/** Each edit changes the service's user, and with it the owner of its tenants' files. */
function isolationKeys(generation: number): string {
  const user = generation % 2 === 0 ? 'dynamic' : 'root';
  return `isolation = "namespace"\nuser = "${user}"\nmemory_limit_mb = 256\npids_limit = 64\n`;
}
