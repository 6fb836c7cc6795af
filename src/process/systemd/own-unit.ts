/** The service of systemd that this process is part of, if it is of one. */
import { existsSync, readFileSync } from 'node:fs';

export interface UnitName {
  /** `tenement.service`. */
  readonly name: string;
  /** Of the system, or of a user. */
  readonly manager: 'system' | 'user';
}

/** null: started by a person, in a container, or without systemd. */
export function ownUnit(env: NodeJS.ProcessEnv): UnitName | null {
  // systemd gives it to all that it starts (systemd.exec(5)).
  if (env['INVOCATION_ID'] === undefined) return null;
  try {
    return unitIn(readFileSync('/proc/self/cgroup', 'latin1'));
  } catch {
    return null;
  }
}

/** Whether cgroups are those of version 2, as systemd mounts them. */
export function isUnified(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

/** @param text of /proc/PID/cgroup: lines `id:controllers:path`; beside version 1 systemd has a hierarchy of its own */
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
