/**
 * What the probe program tries from inside one instance, and what it answers. The answers come from a process of a
 * tenant's user, so whoever reads them checks their form (local/verify/inside.ts).
 */

/** A process of the other tenant, as the host knows it. */
export interface TargetProcess {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)). */
  readonly startTicks: number;
  /** `pid:[NUMBER]`: the pid namespace in which `pid` counts. */
  readonly pidNamespace: string;
}

/** What is tried on a process. `memory` is the check that ptrace(2) makes. */
export const PROCESS_ACTS = ['signal', 'environ', 'memory', 'fd', 'root', 'cwd'] as const;
export type ProcessAct = (typeof PROCESS_ACTS)[number];

/** A client program, such as psql, started with this environment alone. */
export interface ClientRun {
  /** Absolute paths; the first that can be run is. */
  readonly files: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type Step =
  | { readonly op: 'list' | 'read' | 'write' | 'names' | 'connect'; readonly path: string }
  | { readonly op: 'connect-tcp' | 'ask-api'; readonly host: string; readonly port: number }
  | { readonly op: 'process'; readonly act: ProcessAct; readonly process: TargetProcess }
  | { readonly op: 'run'; readonly run: ClientRun };

/**
 * `reached`: it worked. `refused`: the thing is there, or may be, and this was denied. `absent`: nothing is seen of it.
 * `untried`: it could not be tried, for the reason in `detail`.
 */
export const OUTCOMES = ['reached', 'refused', 'absent', 'untried'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Answer {
  readonly outcome: Outcome;
  /** A few words of evidence, such as an error code. */
  readonly detail: string;
  /** `names`: names of the directory, one a line. `run`: the start of its standard output. Otherwise empty. */
  readonly output: string;
}

/** What the program is given. */
export interface ProbeInput {
  readonly steps: readonly Step[];
  /** When the program ends, whatever is still missing. */
  readonly timeoutMs: number;
}
