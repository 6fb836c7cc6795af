/** Says what remains to be done when systemd has read changed units. Pure. */
import { basename } from 'node:path';
import type { UnitChange } from './write-units.ts';

export const START = 'systemctl enable --now tenement';

/** Returns commands, the last of which starts a server under the changed units. */
export function nextSteps(changes: readonly Pick<UnitChange, 'path' | 'kind'>[]): string[] {
  const changed = changes.filter(({ kind }) => kind !== 'unchanged');
  const names = changed.map(({ path }) => basename(path));
  if (changed.length === 0) return [];
  if (changed.some(({ path, kind }) => kind === 'new' && basename(path) === 'tenement.service')) return [START];
  // Both keep what they have until they are stopped, and systemd stops no socket whose service runs.
  const holders = names.filter((name) => name.endsWith('.socket') || name === 'tenement-tenants.service');
  if (holders.length === 0) return ['systemctl restart tenement'];
  const note = holders.includes('tenement-tenants.service') ? '   # ends all tenants' : '';
  return [`systemctl stop tenement.service ${holders.join(' ')}${note}`, START];
}
