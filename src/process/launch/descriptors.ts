/**
 * Keeps descriptors that this process inherited from its parent away from its children. Node marks the low ones
 * close-on-exec, stops at the first gap above 15, and offers no way to mark the others. A server closes them; the
 * library, whose process belongs to its host, covers them in each child instead.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** `O_CLOEXEC` in the octal flags of /proc/PID/fdinfo (proc(5)). */
const O_CLOEXEC = 0o2000000;
const FIRST_BEYOND_STDERR = 3;

/**
 * Closes inherited descriptors. A server calls it before it opens anything that it wants to keep. Children then inherit
 * nothing, and each start is faster: a cover up to descriptor 250 costs 5 ms.
 */
export function closeInherited(): void {
  for (const fd of inheritableDescriptors()) if (!isOfCertificates(fd)) closeIfOpen(fd);
}

/** The thread that reads certificates may have closed it since it was listed. */
function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  }
}

/** Variables that name certificate files for Node and OpenSSL. */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/**
 * Node reads these files on a thread while the program starts, through an unmarked descriptor, and aborts if it is
 * closed.
 */
function isOfCertificates(fd: number): boolean {
  try {
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    return certificatePaths().some((one) => path === one || path.startsWith(one + sep));
  } catch {
    return false;
  }
}

function certificatePaths(): string[] {
  const named = CERTIFICATES.map((name) => process.env[name] ?? '').filter((path) => path !== '');
  return named.flatMap((path) => {
    try {
      return realpathSync(path);
    } catch {
      return [];
    }
  });
}

/** Stands for a limit that is infinite or that /proc does not show. */
const UNKNOWN_LIMIT = 65_536;

/** Returns how many files this process may open. Node raises its soft limit to the hard limit by itself. */
export function descriptorLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? UNKNOWN_LIMIT : Number(limit);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** Returns the most files that any process may open, which `infinity` resolves to (proc_sys_fs(5), nr_open). */
export function mostDescriptors(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/fs/nr_open', 'latin1'), 10) || UNKNOWN_LIMIT;
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** Keeps inherited descriptors from children. */
export interface DescriptorCover {
  /** Entries that follow stdin, stdout and stderr in the `stdio` of each child. */
  readonly stdio: readonly (number | 'ignore')[];
  /** Call this when no further child is started with the cover. */
  close(): void;
}

/**
 * Puts /dev/null in the place of each descriptor that a child would inherit. Inherited descriptors are listed once:
 * Node marks all that it opens later, and listing them takes milliseconds.
 * @throws {Error} when /dev/null cannot be opened
 */
export function coverInherited(): DescriptorCover {
  const exposed = new Set(inheritableDescriptors());
  if (exposed.size === 0) return { stdio: [], close: () => {} };
  const nothing = openSync('/dev/null', 'r+');
  const length = Math.max(...exposed) + 1 - FIRST_BEYOND_STDERR;
  const at = (index: number) => (exposed.has(index + FIRST_BEYOND_STDERR) ? nothing : 'ignore');
  return { stdio: Array.from({ length }, (_, index) => at(index)), close: () => closeSync(nothing) };
}

/** Lists the descriptors above stderr that a child would inherit; none without /proc. */
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
    // The descriptor of the listing itself, which is closed by now.
    return false;
  }
}
