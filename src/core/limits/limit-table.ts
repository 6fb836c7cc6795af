/**
 * Declares every limit of an instance, once. The keys of tenement.toml, the fields of the API and the library, the options
 * of `spawn`, the view of an instance, the checks of the host and the restarts of a reload derive from this table. Pure.
 */

/** Bytes in one MiB. */
export const MIB = 1024 * 1024;
/** One TiB, in MiB: the largest amount of memory or storage that a key may name. */
export const MAX_MIB = 1024 * 1024;

interface LimitDeclaration {
  /** Its key in tenement.toml; `--memory-limit-mb` for `memory_limit_mb`. */
  readonly key: string;
  /** Its name in a service and in the registry. */
  readonly field: string;
  /** Factor from the key's unit to the field's: the bytes of a MiB, or 1. */
  readonly scale: number;
  readonly min: number;
  readonly max: number;
  /** Whether fractions are refused. */
  readonly isWhole: boolean;
  /** The cgroup controller that it requires; null: none. */
  readonly control: 'cpu' | 'pids' | null;
  /** Whether a process keeps the value that it was started with. The kernel applies other limits to a running process. */
  readonly isForLife: boolean;
  /** Description of the key in the schema and in docs/config.md. */
  readonly meaning: string;
  /** Value and help text of the option of `spawn`. */
  readonly argument: string;
  readonly help: string;
}

/** The limits by their names in the API and the library, in the order of listings. */
export const LIMITS = {
  memoryLimitMb: {
    key: 'memory_limit_mb',
    field: 'memoryLimitBytes',
    scale: MIB,
    min: 1,
    max: MAX_MIB,
    isWhole: true,
    control: null,
    isForLife: false,
    meaning:
      'Maximum memory of all processes of an instance, in MiB. Over it, they are killed and restarted. See docs/limits.md.',
    argument: '<n>',
    help: 'limit the memory of all its processes, in MiB',
  },
  cpuShares: {
    key: 'cpu_shares',
    field: 'cpuShares',
    scale: 1,
    min: 1,
    // The highest cpu.weight of cgroup v2 (cgroup-v2.rst).
    max: 10_000,
    isWhole: true,
    control: 'cpu',
    isForLife: false,
    meaning: 'Weight against other instances when the processor is short. An instance without the key has 100.',
    argument: '<n>',
    help: 'weight against other instances when the processor is short; default 100',
  },
  cpuLimit: {
    key: 'cpu_limit',
    field: 'cpuLimit',
    scale: 1,
    min: 0.01,
    max: 1024,
    isWhole: false,
    control: 'cpu',
    isForLife: false,
    meaning: 'Maximum processor time of an instance, in processors: 0.5 is half of one.',
    argument: '<cores>',
    help: 'limit the processors that it may use, for example 0.5',
  },
  pidsLimit: {
    key: 'pids_limit',
    field: 'pidsLimit',
    scale: 1,
    min: 1,
    // PID_MAX_LIMIT: the kernel refuses more with EINVAL (kernel/cgroup/pids.c).
    max: 4_194_304,
    isWhole: true,
    control: 'pids',
    isForLife: false,
    meaning: 'Maximum number of processes and threads of an instance together.',
    argument: '<n>',
    help: 'limit its processes and threads together',
  },
  nofileLimit: {
    key: 'nofile_limit',
    field: 'nofileLimit',
    scale: 1,
    // A program cannot start with fewer.
    min: 16,
    // The highest fs.nr_open that a 64-bit kernel accepts (sysctl_nr_open_max, fs/file.c).
    max: 2_147_483_584,
    isWhole: true,
    control: null,
    isForLife: true,
    meaning: 'Maximum number of open files of each process.',
    argument: '<n>',
    help: 'limit the open files of each process',
  },
  storageLimitMb: {
    key: 'storage_limit_mb',
    field: 'storageLimitBytes',
    scale: MIB,
    min: 1,
    max: MAX_MIB,
    isWhole: true,
    control: null,
    isForLife: false,
    meaning: 'Maximum size of the tenant directory on disk, in MiB. It is measured; see docs/limits.md.',
    argument: '<n>',
    help: 'limit what its tenant directory takes on disk, in MiB',
  },
} as const satisfies Record<string, LimitDeclaration>;

export type LimitTable = typeof LIMITS;
/** `memoryLimitMb`: the API's and the library's name. */
export type LimitName = keyof typeof LIMITS;
/** `memory_limit_mb`: the name in tenement.toml. */
export type LimitKey = LimitTable[LimitName]['key'];

export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[];

/** Returns what a limit must be, "expected a whole number from 1 to 10000"; null when `value` is valid. */
export function limitProblem(name: LimitName, value: unknown): string | null {
  const { min, max, isWhole } = LIMITS[name];
  const fits = typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value));
  return fits ? null : limitExpectation(name);
}

export function limitExpectation(name: LimitName): string {
  const { min, max, isWhole } = LIMITS[name];
  return `expected a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`;
}
