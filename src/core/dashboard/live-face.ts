/** What the dashboard shows of instances and tenants, and which of them change. */
import type { InstanceName } from '../lifecycle/instance.ts';
import type { TenantView } from '../verbs/tenant-verbs.ts';
import type { InstanceView } from '../verbs/verbs.ts';

export interface LiveFace {
  /**
   * Calls `listener` with the name of each instance and each tenant that has changed, was added or is gone: at most a few
   * times for a change, and within about a second. A name with a colon is an instance's. The returned function ends it.
   */
  watch(listener: (name: string) => void): () => void;
  instanceNames(): InstanceName[];
  tenantIds(): string[];
  /** Returns views of those that are there. Nothing wakes, and nothing is kept of a sleeper. */
  instances(names: Iterable<InstanceName>): InstanceView[];
  tenants(ids: Iterable<string>): TenantView[];
}
