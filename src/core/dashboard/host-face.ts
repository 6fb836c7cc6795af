/** The machine as the dashboard shows it. */
import type { HostView, IsolationSupport } from './views.ts';

export interface HostFace {
  /** Settles within about a second, also while a file system hangs. */
  view(): Promise<HostView>;
}

/** What `tenement check` finds out of the machine. */
export interface HostFindings {
  readonly isolation: readonly IsolationSupport[];
  readonly cgroup: 1 | 2 | null;
  /** A sentence each. */
  readonly notices: readonly string[];
}
