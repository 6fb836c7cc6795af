/** Finds the address that a TCP socket of this process listens on, by the kernel's table of connections (proc_net_tcp). */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import type { ListenAddress } from '../../core/service/service.ts';

/** Columns of /proc/net/tcp, and the state of a listening socket (include/net/tcp_states.h). */
const LOCAL = 1;
const STATE = 3;
const INODE = 9;
const LISTENS = '0A';
const CHUNK_BYTES = 64 * 1024;

/** Returns null when the descriptor is no TCP socket, or does not listen. */
export function listenAddressOf(fd: number): ListenAddress | null {
  const inode = inodeOf(fd);
  if (inode === null) return null;
  return find('/proc/self/net/tcp', inode) ?? find('/proc/self/net/tcp6', inode);
}

function inodeOf(fd: number): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Reads the table only as far as needed: listening sockets come first, and a busy machine has megabytes of others. */
function find(table: string, inode: string): ListenAddress | null {
  let fd: number;
  try {
    fd = openSync(table, 'r');
  } catch {
    // A kernel without IPv6.
    return null;
  }
  try {
    return findIn(fd, inode);
  } finally {
    closeSync(fd);
  }
}

function findIn(fd: number, inode: string): ListenAddress | null {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
    const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const address = parseListener(line, inode);
      if (address !== null) return address;
    }
  }
  return null;
}

/** Reads one line of the table; null unless it is the listening socket with this inode. */
export function parseListener(line: string, inode: string, littleEndian = endianness() === 'LE'): ListenAddress | null {
  const fields = line.trim().split(/\s+/);
  if (fields[INODE] !== inode || fields[STATE] !== LISTENS) return null;
  const [address = '', port = ''] = (fields[LOCAL] ?? '').split(':');
  return { host: hostOf(bytesOf(address, littleEndian)), port: Number.parseInt(port, 16) };
}

/** The kernel prints each 32-bit word of an address in the byte order of the machine. */
function bytesOf(hex: string, littleEndian: boolean): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return littleEndian ? bytes.swap32() : bytes;
}

function hostOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}
