/** Groups of this machine. */
import { readFileSync } from 'node:fs';

/** Returns a group's id by its name in group(5), or by number; null for an unknown name. */
export function groupId(group: string): number | null {
  if (/^\d+$/.test(group)) return Number(group);
  const line = groups().find((one) => one.startsWith(`${group}:`));
  const gid = Number(line?.split(':')[2]);
  return line === undefined || !Number.isInteger(gid) ? null : gid;
}

function groups(): string[] {
  try {
    return readFileSync('/etc/group', 'utf8').split('\n');
  } catch {
    return [];
  }
}
