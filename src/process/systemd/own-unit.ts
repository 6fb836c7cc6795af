/** The systemd service that this process is part of, if any. */
import { existsSync, readFileSync } from 'node:fs';

export interface UnitName {
  /** For example `tenement.service`. */
  readonly name: string;
  /** Service manager of the system, or of a user. */
  readonly manager: 'system' | 'user';
}

/** Returns null when a person started this process, in a container, or without systemd. */
export function ownUnit(env: NodeJS.ProcessEnv): UnitName | null {
  // systemd sets this variable for everything that it starts (systemd.exec(5)).
  if (env['INVOCATION_ID'] === undefined) return null;
  try {
    return unitIn(readFileSync('/proc/self/cgroup', 'latin1'));
  } catch {
    return null;
  }
}

/** Whether cgroups have version 2, as systemd mounts them. */
export function isUnified(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

/**
 * Finds the service in a cgroup path.
 * @param text of /proc/PID/cgroup: lines `id:controllers:path`; with version 1, systemd has a hierarchy of its own
 */
export function unitIn(text: string): UnitName | null {
  const path = (/^\d+:name=systemd:(.*)$/m.exec(text) ?? /^0::(.*)$/m.exec(text))?.[1] ?? '';
  const units = path.split('/').filter((part) => /\.(service|scope)$/.test(part));
  const name = units.at(-1);
  if (name === undefined || !name.endsWith('.service') || isManager(name)) return null;
  return { name, manager: units.some(isManager) ? 'user' : 'system' };
}

function isManager(unit: string): boolean {
  return /^user@\d+\.service$/.test(unit);
}
