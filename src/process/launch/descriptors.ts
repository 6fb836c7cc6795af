/**
 * Keeps descriptors that this process was itself started with away from children. Node marks the low ones
 * close-on-exec and stops at the first gap above 15; it offers no way to mark the others. A server closes
 * them; a library, whose process is not its own, covers them in each child.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** `O_CLOEXEC` in the octal flags of /proc/PID/fdinfo (proc(5)). */
const O_CLOEXEC = 0o2000000;
const FIRST_BEYOND_STDERR = 3;

/**
 * Closes them, as a server should with what it was started with; before it opens anything that it wants to
 * keep. Besides keeping them from children it makes each start faster: a cover up to descriptor 250 costs 5 ms.
 */
export function closeInherited(): void {
  for (const fd of inheritableDescriptors()) if (!isOfCertificates(fd)) closeSync(fd);
}

/** By which Node and OpenSSL are told of certificates. */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** Node reads them on a thread of its own while the program starts, unmarked: without its file it would abort. */
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

/** Where /proc does not tell, or nothing is limited. */
const UNKNOWN_LIMIT = 65_536;

/** How many files this process may open: Node raises its soft limit to the hard one by itself. */
export function descriptorLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? UNKNOWN_LIMIT : Number(limit);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** The most that a process may be allowed to open, which is what `infinity` comes to (proc_sys_fs(5), nr_open). */
export function mostDescriptors(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/fs/nr_open', 'latin1'), 10) || UNKNOWN_LIMIT;
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** Keeps from children what this process was started with. */
export interface Cover {
  /** What follows stdin, stdout and stderr in the `stdio` of each child. */
  readonly stdio: readonly (number | 'ignore')[];
  /** To be called when no child is started with it any more. */
  close(): void;
}

/**
 * /dev/null in the place of each descriptor that a child would get. Looked for once, since all that Node opens is
 * marked, and looking takes milliseconds.
 * @throws {Error} when /dev/null cannot be opened
 */
export function coverInherited(): Cover {
  const exposed = new Set(inheritableDescriptors());
  if (exposed.size === 0) return { stdio: [], close: () => {} };
  const nothing = openSync('/dev/null', 'r+');
  const length = Math.max(...exposed) + 1 - FIRST_BEYOND_STDERR;
  const at = (index: number) => (exposed.has(index + FIRST_BEYOND_STDERR) ? nothing : 'ignore');
  return { stdio: Array.from({ length }, (_, index) => at(index)), close: () => closeSync(nothing) };
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
