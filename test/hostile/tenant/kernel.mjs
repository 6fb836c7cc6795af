// System calls that a web application has no use for; `number` is that of this machine. Each is made so that it works
// where it is let through.
import { python } from './tools.mjs';

const call =
  (args, evidence) =>
  ({ number }) =>
    python(`result = call(libc.syscall(int(args[0]), ${args}))\nprint('${evidence}', result)`, number);

export const kernel = {
  'call-io_uring_setup': call('1, ctypes.create_string_buffer(256)', 'has a ring'),
  'call-bpf': call("0, ctypes.create_string_buffer(struct.pack('IIII', 2, 4, 4, 1), 128), 72", 'has a map'),
  // Counts instructions, including the kernel's.
  'call-perf_event_open': call("ctypes.create_string_buffer(struct.pack('II', 1, 112), 112), 0, -1, -1, 0", 'counts'),
  // UFFD_USER_MODE_ONLY, which any user may request.
  'call-userfaultfd': call('1', 'handles page faults'),
  'call-add_key': call("b'user', b'hostile', b'x', 1, -2", 'keeps key'),
  'call-fsopen': call("b'tmpfs', 0", 'makes a file system'),
  'call-personality': call('0x40000', 'was before'),
  'call-syslog': call('10, None, 0', 'its log has room for'),
  // PTRACE_TRACEME
  'call-ptrace': call('0, 0, 0, 0', 'is traced'),
  /** NETLINK_KOBJECT_UEVENT */
  'open-netlink': () => python("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).bind((0, 1))\nprint('listens')"),
  /** The tenant holds the other end of the terminal, so that no other process receives the input. */
  'fake-input': () =>
    python(`import fcntl, pty
master, terminal = pty.openpty()
fcntl.ioctl(terminal, 0x5412, b'x')
print('put a character into', os.ttyname(terminal))`),
};
