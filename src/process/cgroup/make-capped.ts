/** Makes a cgroup with its limits, or none at all. */
import type { Limits } from '../../core/limits/limits.ts';
import type { Cgroup, Cgroups } from './cgroup.ts';

/** Returns null without cgroups. @throws {Error} with a sentence for a person when a limit cannot be set */
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
