/**
 * Keeps descriptors that this process was itself started with away from children. Node marks the low ones
 * close-on-exec and stops at the first gap above 15; it offers no way to mark the others.
 */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** `O_CLOEXEC` in the octal flags of /proc/PID/fdinfo (proc(5)). */
const O_CLOEXEC = 0o2000000;
const FIRST_BEYOND_STDERR = 3;

export interface Cover {
  /** What follows stdin, stdout and stderr in `stdio`: /dev/null in the place of each such descriptor. */
  readonly stdio: readonly (number | 'ignore')[];
  /** To be called once the child is started. */
  close(): void;
}

/** @throws {Error} when /dev/null cannot be opened */
export function coverInherited(): Cover {
  const exposed = new Set(inheritableDescriptors());
  if (exposed.size === 0) return { stdio: [], close: () => {} };
  const nothing = openSync('/dev/null', 'r+');
  const length = Math.max(...exposed) + 1 - FIRST_BEYOND_STDERR;
  const stdio = Array.from({ length }, (_, index) => (exposed.has(index + FIRST_BEYOND_STDERR) ? nothing : 'ignore'));
  return { stdio, close: () => closeSync(nothing) };
}

/** Descriptors beyond stderr that a child would get; none where /proc does not tell. */
function inheritableDescriptors(): number[] {
  return listOwn().filter((fd) => fd >= FIRST_BEYOND_STDERR && isInheritable(fd));
}

function listOwn(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number);
  } catch {
    return [];
  }
}

function isInheritable(fd: number): boolean {
  try {
    const [, flags] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    // The descriptor of the listing itself, closed since.
    return false;
  }
}
