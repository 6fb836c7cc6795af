/** Whether systemd still has a unit as an earlier file of it said. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import { basename } from 'node:path';
import { parseShow } from '../../process/systemd/show.ts';
import type { UnitChange } from './write-units.ts';

/** A unit that is not active takes its file when it starts; only a socket is missed until then. */
export function isOutdated({ path, kind }: Pick<UnitChange, 'path' | 'kind'>): boolean {
  if (kind === 'removed') return false;
  const startedMs = activeSinceMs(basename(path));
  if (startedMs === null) return path.endsWith('.socket');
  return startedMs < writtenMs(path);
}

/** Returns the time on the wall clock; null: it is not active, or systemd does not answer. */
function activeSinceMs(unit: string): number | null {
  const properties = 'Id,ActiveState,ActiveEnterTimestampMonotonic';
  try {
    const output = execFileSync('systemctl', ['show', `--property=${properties}`, '--', unit], { encoding: 'utf8' });
    const [shown = {}] = parseShow(output);
    if (shown['ActiveState'] !== 'active') return null;
    return Date.now() - uptime() * 1000 + Number(shown['ActiveEnterTimestampMonotonic']) / 1000;
  } catch {
    return null;
  }
}

/** A unit of a package has no file here. */
function writtenMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
