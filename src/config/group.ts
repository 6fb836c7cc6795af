/** Groups of this machine. */
import { readFileSync } from 'node:fs';
import type { KeyPath } from './locate.ts';
import type { Problem } from './problems/problems.ts';

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

/** Returns the id of a group that a key names; null: it names none, or one that is not there, which is a problem. */
export function groupOf(path: KeyPath, group: string | undefined, problems: Problem[]): number | null {
  if (group === undefined) return null;
  const gid = groupId(group);
  if (gid === null) problems.push({ path, message: `there is no group "${group}" on this machine` });
  return gid;
}
