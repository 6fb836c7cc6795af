/** Times of a schedule as in cron(5). The package that reads them is loaded when there is a schedule. */
import type { Cron } from 'croner';
import { requireLater } from './package-files.ts';

/** Returns what is wrong with a schedule, or null. */
export function scheduleProblem(cron: string): string | null {
  try {
    if (/^@|^\d{4}-/.test(cron)) return `expected five fields of cron, or six with seconds: ${cron}`;
    return timesOf(cron, null).nextRun() === null ? 'it never comes' : null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^\w+: /, '') : String(error);
  }
}

export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}

/** Returns the first time of the schedule after another, ms since the epoch; null: there is none. */
export function nextTimeMs(cron: string, timezone: string | null, afterMs: number): number | null {
  return timesOf(cron, timezone).nextRun(new Date(afterMs))?.getTime() ?? null;
}

function timesOf(cron: string, timezone: string | null): Cron {
  const { Cron: Times } = requireLater('croner') as typeof import('croner');
  return new Times(cron, { paused: true, ...(timezone !== null && { timezone }) });
}
