/** Measures what a directory takes on disk with du(1), bounded in time. */
import { lstatSync } from 'node:fs';
import { constants } from 'node:os';
import type { StorageMeasurement, StorageMeter } from '../../core/ports.ts';
import { BackgroundShell, type ShellAnswer, within } from '../launch/background-shell.ts';
import { findProgram, quoted } from '../launch/wrapper.ts';

/** Enough for as many files as a large disk holds. */
const TIMEOUT_MS = 600_000;

const hasDu = findProgram('du') !== null;

export function createStorageMeter(timeoutMs = TIMEOUT_MS): StorageMeter {
  let shell: BackgroundShell | null = null;
  const close = () => {
    shell?.kill();
    shell = null;
  };
  return {
    close,
    async measure(dir) {
      if (!hasDu) return failed('du is not installed');
      if (dir.includes('\n')) return failed('its path has a line break');
      try {
        if (lstatSync(dir, { throwIfNoEntry: false }) === undefined) return { ok: true, bytes: 0 };
        if (shell === null || shell.ended) shell = new BackgroundShell({ niceness: constants.priority.PRIORITY_LOW });
        // Kilobytes, one line for the whole, on one file system (POSIX).
        const answer = await within(timeoutMs, shell.run(`du -s -k -x ${quoted(dir)}`));
        if (answer !== 'late') return read(answer);
        close();
        return failed(`not done within ${timeoutMs / 1000} s`);
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** Files that vanished meanwhile, or that may not be read, are missing from the figure. */
function read(answer: ShellAnswer | null): StorageMeasurement {
  if (answer === null) return failed('du was ended');
  const [, kilobytes] = /^(\d+)\s/.exec(answer.lines[0] ?? '') ?? [];
  return kilobytes === undefined ? failed('du told no figure') : { ok: true, bytes: Number(kilobytes) * 1024 };
}

function failed(detail: string): StorageMeasurement {
  return { ok: false, detail };
}
