/** Groups of this machine. */
import { readFileSync } from 'node:fs';

/** By name, as group(5) lists it, or by number; null when there is none of that name. */
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
