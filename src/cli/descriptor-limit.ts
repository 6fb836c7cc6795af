/** Whether this process may open as many files as the config may need. */
import { readFileSync } from 'node:fs';
import type { Settings } from '../core/service.ts';

/** The server itself: database, listeners, watches, a few hundred clients. */
const OWN = 512;
/** An instance: two FIFOs, its log, its connections and those of its clients. */
const PER_INSTANCE = 16;

/** Open files that a full house takes, roughly. */
function descriptorsNeeded({ maxRunning }: Pick<Settings, 'maxRunning'>): number {
  return OWN + maxRunning * PER_INSTANCE;
}

/** What to set, in a sentence, or null when the limit is high enough or not known. */
export function descriptorWarning(settings: Pick<Settings, 'maxRunning'>, limits = readLimits()): string | null {
  const [, limit] = /^Max open files\s+\d+\s+(\d+)/m.exec(limits) ?? [];
  const needed = descriptorsNeeded(settings);
  if (limit === undefined || Number(limit) >= needed) return null;
  return (
    `open files are limited to ${limit}, and max_running = ${settings.maxRunning} may need ${needed}: ` +
    `set LimitNOFILE=${needed} in the systemd unit, or \`ulimit -Hn ${needed}\` before the start`
  );
}

/** Node raises its soft limit to the hard one by itself. */
function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
