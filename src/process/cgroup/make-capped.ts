/** A cgroup with its caps, or none at all. */
import type { Limits } from '../../core/limits/limits.ts';
import type { Cgroup, Cgroups } from './cgroup.ts';

/** null where there are no cgroups. @throws {Error} with a sentence for a person */
export function makeCapped(cgroups: Cgroups, leaf: string, limits: Limits): Cgroup | null {
  const cgroup = cgroups.make(leaf);
  try {
    cgroup?.limit(limits);
  } catch (error) {
    cgroup?.remove();
    throw new Error(`its limits cannot be set: ${error instanceof Error ? error.message : String(error)}`);
  }
  return cgroup;
}
