// Other people's files: read, listed and written, directly and through links.
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Denied, later } from './tools.mjs';

const own = (name) => join(process.env.DATA_DIR, name);

/** The beginning is evidence enough; secrets need not be printed whole. */
function read(path, secret = null) {
  const text = readFileSync(path, 'latin1');
  if (secret !== null && !text.includes(secret)) throw new Denied(`read ${path}, but what was there is not it`);
  return secret === null ? `read ${text.length} bytes of ${path}` : `read "${secret}" in ${path}`;
}

/** Leaves a file; the test checks whether it is on the host too. */
function write({ path }) {
  writeFileSync(path, 'hostile was here\n');
  later(() => rmSync(path, { force: true }));
  return { detail: `wrote ${path}`, left: path };
}

/** Through a name of the tenant's own for another's file. */
function readThrough(make, target, secret) {
  const name = own('borrowed');
  rmSync(name, { force: true });
  make(target, name);
  later(() => rmSync(name, { force: true }));
  return read(name, secret);
}

export const files = {
  'read-file': ({ path, secret }) => read(path, secret),
  'list-directory': ({ path, secret }) => {
    const names = readdirSync(path);
    if (!names.some((name) => name.includes(secret))) throw new Denied(`sees only ${names.join(', ')} in ${path}`);
    return `${path} has ${names.join(', ')}`;
  },
  'write-file': write,
  'read-by-symlink': ({ path, secret }) => readThrough(symlinkSync, path, secret),
  'read-by-hard-link': ({ path, secret }) => readThrough(linkSync, path, secret),
  'read-by-proc-root': ({ pid, path, secret }) => read(`/proc/${pid}/root${path}`, secret),

  /** The FIFO of another's output: a reader takes lines away from tenement. */
  'open-fifo': ({ path }) => {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    return `opened ${path}`;
  },

  /** Reads the table of mounts, so that none is missed. */
  'find-writable-mount': () => {
    const strange = mountsOf('self').filter((mount) => mount.isWritable && !isOwn(mount));
    if (strange.length === 0) throw new Denied('every mount is read-only but its own');
    return `can write to what is mounted on ${strange.map(({ path }) => path).join(', ')}`;
  },

  /** A file that would harm whoever runs it on the host, if it belongs to root there. */
  'leave-setuid': ({ path }) => {
    writeFileSync(path, '');
    chmodSync(path, 0o4755);
    later(() => rmSync(path, { force: true }));
    return { detail: `left ${path}, with mode 4755`, left: path };
  },

  /** The file is no library, so that any program that loads it reports it and ends. */
  'leave-library': ({ path }) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'no library');
    return `left ${path}`;
  },

  /** Directories and files of others that are open from the start. */
  'use-inherited-descriptors': () => {
    const open = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`));
    const strange = open.filter((path) => path.startsWith('/') && !isExpected(path));
    if (strange.length === 0) throw new Denied('nothing is open but its own');
    return `open are ${strange.join(', ')}`;
  },
};

/** proc_pid_mountinfo(5): the fifth field is the place, the sixth the options; the type follows the dash. */
function mountsOf(pid) {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [, , , , path = '', options = ''] = line.split(' ');
    const [type = ''] = (line.split(' - ')[1] ?? '').split(' ');
    return { path, type, isWritable: options.split(',').includes('rw') };
  });
}

/** Its own directory, that of its socket, and paths that only its namespace has. */
function isOwn({ path, type }) {
  if (type === 'tmpfs' && (path === '/tmp' || path === '/var/tmp')) return true;
  const own = [process.env.DATA_DIR, dirname(process.env.SOCKET_PATH), '/dev', '/proc'];
  return own.some((one) => path === one || path.startsWith(`${one}/`));
}

function linkOf(path) {
  return existsSync(path) ? readlinkSync(path) : '';
}

/** Its output goes to two FIFOs, whose names it may know; the listing itself has the directory open. */
function isExpected(path) {
  if (/\.(out|err)( \(deleted\))?$/.test(path) || path.startsWith('/dev/')) return true;
  return path.startsWith(process.env.DATA_DIR) || /^\/proc\/(self|\d+)\/fd$/.test(path);
}
