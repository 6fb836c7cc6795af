// More privileges than it was given, and escapes from its isolation.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Denied, python } from './tools.mjs';

function statusOf(pid, key) {
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

/** Opens and closes; never writes. */
function open({ path, flags }) {
  closeSync(openSync(path, flags));
  return `opened ${path} (${flags})`;
}

const effective = (pid) => statusOf(pid, 'Uid').split('\t')[1];

/** `su` waits for a password long enough for a look at its user; spawn returns after the exec. */
async function runSetuid() {
  const child = spawn('/usr/bin/su', ['root'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  try {
    const uid = effective(child.pid);
    if (uid !== '0') throw new Denied(`su ran as ${uid}`);
    return `su ran as ${uid}, the tenant is ${effective('self')}`;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

export const privileges = {
  /** PR_GET_NO_NEW_PRIVS: a child inherits its parent's value. */
  'gain-privileges': async () => {
    const flag = await python('print(libc.prctl(39, 0, 0, 0, 0))');
    if (flag === '1') throw new Denied('no_new_privs is set');
    return `no_new_privs is ${flag}`;
  },
  'hold-capabilities': () => {
    const held = statusOf('self', 'CapEff');
    if (/^0+$/.test(held)) throw new Denied('it has none');
    return `has ${held}`;
  },
  'become-root': () => python("os.setresuid(0, 0, 0)\nprint('is', os.getuid())"),
  'run-setuid': runSetuid,
  open,
  mount: () => {
    const path = join(process.env.DATA_DIR, 'mounted');
    mkdirSync(path, { recursive: true });
    const body = `call(libc.mount(b'none', args[0].encode(), b'tmpfs', 0, None))
call(libc.umount2(args[0].encode(), 0))
print('mounted on', args[0])`;
    return python(body, path);
  },
  'unshare-user': () => python("call(libc.unshare(0x10000000))\nprint('is in a user namespace of its own')"),
  chroot: () => python("os.chroot(args[0])\nprint('has the root', args[0])", process.env.DATA_DIR),
  /** A file handle opens a file past all directories, and past a mount namespace. */
  'open-by-handle': () =>
    python(
      `class Handle(ctypes.Structure):
    _fields_ = [('size', ctypes.c_uint), ('type', ctypes.c_int), ('bytes', ctypes.c_ubyte * 128)]
handle, mount = Handle(128), ctypes.c_int()
call(libc.name_to_handle_at(-100, args[0].encode(), ctypes.byref(handle), ctypes.byref(mount), 0))
call(libc.open_by_handle_at(os.open(args[0], os.O_RDONLY), ctypes.byref(handle), os.O_RDONLY))
print('opened by handle', args[0])`,
      process.env.DATA_DIR,
    ),
  /** The descriptor is of no module: the kernel answers EBADF only to processes that may load one. */
  'load-module': () =>
    python(`result = libc.syscall(313, -1, b'', 0)
if ctypes.get_errno() != 9: call(result)
print('may load modules')`),
};
