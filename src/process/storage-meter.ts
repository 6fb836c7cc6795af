/** What a directory takes on disk: du(1), bounded in time, and what it says. */
import { lstatSync } from 'node:fs';
import type { StorageMeasurement, StorageMeter } from '../core/ports.ts';
import { Du, hasDu } from './du.ts';

/** Enough for as many files as a large disk holds. */
const TIMEOUT_MS = 600_000;

export function createStorageMeter(timeoutMs = TIMEOUT_MS): StorageMeter {
  let du: Du | null = null;
  const close = () => {
    du?.kill();
    du = null;
  };
  return {
    close,
    async measure(dir) {
      if (!hasDu) return failed('du is not installed');
      if (dir.includes('\n')) return failed('its path has a line break');
      try {
        if (lstatSync(dir, { throwIfNoEntry: false }) === undefined) return { ok: true, bytes: 0 };
        if (du === null || du.ended) du = new Du();
        const answer = await within(timeoutMs, du.ask(dir));
        if (answer !== 'late') return read(answer);
        close();
        return failed(`not done within ${timeoutMs / 1000} s`);
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** What vanished meanwhile, or may not be read, is missing in the figure. */
function read(answer: readonly string[] | null): StorageMeasurement {
  if (answer === null) return failed('du was ended');
  const [, kilobytes] = /^(\d+)\s/.exec(answer[0] ?? '') ?? [];
  return kilobytes === undefined ? failed('du told no figure') : { ok: true, bytes: Number(kilobytes) * 1024 };
}

async function within<Answer>(timeoutMs: number, answer: Promise<Answer>): Promise<Answer | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function failed(detail: string): StorageMeasurement {
  return { ok: false, detail };
}
