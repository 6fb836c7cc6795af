/** One run of a hook: what it is given, and what came of it. */
import type { HookAction } from './hook.ts';

/** Actions of the hook that proves names in DNS: it makes a TXT record, and removes it. */
export type DnsAction = 'present' | 'cleanup';

export interface HookRun {
  /** null: it concerns none alone. */
  readonly tenantId: string | null;
  readonly action: HookAction | DnsAction;
  /** Words of the command, without templates. */
  readonly words: readonly string[];
  /** The directory of the config. */
  readonly workdir: string;
  /** Names of variables of the server's environment. */
  readonly inheritEnv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A path that marks its processes, different for each hook of each tenant. */
  readonly mark: string;
  readonly timeoutMs: number;
}

export type HookResult =
  | { readonly ok: true; readonly output: Uint8Array; readonly errors: string }
  /**
   * `errors`: the end of what it printed for people. `output`: what it printed before, which may have values. `isCut`: it was
   * ended in the midst, so it cannot have said what it has done.
   */
  | {
      readonly ok: false;
      readonly reason: string;
      readonly output: Uint8Array;
      readonly errors: string;
      readonly isCut?: boolean;
    };

/** Runs hooks; `src/process/hooks` implements it. */
export interface HookRunner {
  /**
   * Runs a hook. Settles when nothing of it is left. Never throws. @param signal ends it early, with a result that is
   * not ok
   */
  run(run: HookRun, signal: AbortSignal): Promise<HookResult>;
  /** Kills what hooks of an earlier server have left. */
  endStrays(): Promise<void>;
}

/** Loads the code that runs hooks, at the first call. */
export type OpenHookRunner = () => Promise<HookRunner>;
