/** What one instance may take of the machine. Pure. */

/** null: no limit of its own. */
export interface Limits {
  /** Of all its processes together. */
  readonly memoryLimitBytes: number | null;
  /** Its weight against the other instances when the processor is short; without one it has 100. */
  readonly cpuShares: number | null;
  /** Processors' worth of time, for example 0.5. */
  readonly cpuLimit: number | null;
  /** Processes and threads. */
  readonly pidsLimit: number | null;
  /** Open files of each process. */
  readonly nofileLimit: number | null;
  /** Of its tenant directory. */
  readonly storageLimitBytes: number | null;
}

/** What programs without a memory limit get: enough for lock files and small uploads. */
const DEFAULT_TMP_BYTES = 64 * 1024 * 1024;

/** How much each of the directories takes that a tenant behind walls has in memory. The kernel's own default is half, too. */
export function tmpLimit(configured: number | null, { memoryLimitBytes }: Pick<Limits, 'memoryLimitBytes'>): number {
  if (configured !== null) return configured;
  return memoryLimitBytes === null ? DEFAULT_TMP_BYTES : Math.floor(memoryLimitBytes / 2);
}

/** An instance's own, over its service's. */
export type OwnLimits = { readonly [Key in keyof Limits]?: number };

export function effectiveLimits(service: Limits, own: OwnLimits): Limits {
  const { memoryLimitBytes, cpuShares, cpuLimit, pidsLimit, nofileLimit, storageLimitBytes } = service;
  return { memoryLimitBytes, cpuShares, cpuLimit, pidsLimit, nofileLimit, storageLimitBytes, ...own };
}

/** As a client writes and reads them: the names of the config keys, in MiB and cores. */
export interface LimitsView {
  readonly memoryLimitMb: number | null;
  readonly cpuShares: number | null;
  readonly cpuLimit: number | null;
  readonly pidsLimit: number | null;
  readonly nofileLimit: number | null;
  readonly storageLimitMb: number | null;
}

const MB = 1024 * 1024;

export function limitsView({ memoryLimitBytes, storageLimitBytes, ...rest }: Limits): LimitsView {
  return { ...rest, memoryLimitMb: inMb(memoryLimitBytes), storageLimitMb: inMb(storageLimitBytes) };
}

export type LimitsInput = { readonly [Key in keyof LimitsView]?: number | undefined };

export function ownLimits(input: LimitsInput): OwnLimits {
  const { memoryLimitMb, storageLimitMb, ...rest } = input;
  const bytes = { memoryLimitBytes: inBytes(memoryLimitMb), storageLimitBytes: inBytes(storageLimitMb) };
  return Object.fromEntries(Object.entries({ ...rest, ...bytes }).filter(([, value]) => value !== undefined));
}

function inMb(bytes: number | null): number | null {
  return bytes === null ? null : bytes / MB;
}

function inBytes(mb: number | undefined): number | undefined {
  return mb === undefined ? undefined : mb * MB;
}
