// Other people's sockets: connections to them, listeners in their place; and the network.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { ask, Denied, later, python } from './tools.mjs';

/** Each socket gets about as many connections as each socket of the other process. */
const SHARES = 32;

const whoAmI = () => JSON.stringify({ tenant: process.env.TENANT_ID, pid: process.pid });

/** Answers in place of the expected process. */
async function answerAt(...listen) {
  const server = createServer((_request, response) => response.end(whoAmI()));
  server.listen(...listen);
  // Rejects with the errno when it cannot listen.
  await once(server, 'listening');
  return server;
}

function closed(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

async function greetedBy(options) {
  const socket = connect(options);
  try {
    const [greeting] = await once(socket, 'data');
    return `was told "${greeting}"`;
  } finally {
    socket.destroy();
  }
}

async function expectAnswer(where, path, headers) {
  const { status, body } = await ask(where, path, headers);
  if (status !== 200) throw new Denied(`answered ${status}`);
  return `answered ${status}: ${body.slice(0, 120)}`;
}

export const sockets = {
  'ask-socket': ({ path, url }) => expectAnswer({ socketPath: path }, url),
  'ask-port': ({ port, url }) => expectAnswer({ port }, url, { host: `127.0.0.1:${port}` }),
  'connect-tcp': ({ port }) => greetedBy({ host: '127.0.0.1', port }),
  'connect-unix': ({ path }) => greetedBy({ path }),

  'send-udp': async ({ port }) => {
    const socket = createSocket('udp4');
    try {
      socket.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.send('hello');
      // An unreachable port comes back as ECONNREFUSED, since it is connected.
      const [echo] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
      return `was answered "${echo}"`;
    } finally {
      socket.close();
    }
  },

  /** Reads everything that others send over loopback. */
  sniff: () =>
    python("socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\nprint('a packet socket is open')"),

  /** Listens in place of another's public socket, which is restored afterwards. */
  'squat-public': async ({ path }) => {
    const aside = `${path}.aside`;
    if (existsSync(path)) {
      renameSync(path, aside);
      later(() => renameSync(aside, path));
    }
    const server = await answerAt(path);
    later(() => closed(server));
    return { detail: `answers at ${path}`, left: path };
  },

  'unlink-public': ({ path }) => {
    const aside = `${path}.aside`;
    linkSync(path, aside);
    later(() => renameSync(aside, path));
    rmSync(path);
    return { detail: `removed ${path}`, left: aside };
  },

  /** The path that another process is to bind. */
  'bind-private': async ({ path }) => {
    // The socket of that tenant is there while it runs.
    const aside = `${path}.aside`;
    if (existsSync(path)) renameSync(path, aside);
    const server = await answerAt(path);
    later(async () => {
      await closed(server);
      if (existsSync(aside)) renameSync(aside, path);
    });
    return { detail: `listens at ${path}`, left: path };
  },

  /** Listens beside existing listeners, as the kernel allows for the same user. */
  'share-port': async ({ port }) => {
    for (let count = 0; count < SHARES; count += 1) {
      const server = await answerAt({ port, host: '127.0.0.1', reusePort: true });
      later(() => closed(server));
    }
    return `listens on port ${port} too`;
  },

  /** Tries repeatedly, to hit the moment without a listener. Settles when the tries have begun. */
  'take-port': ({ port }) => {
    let given = false;
    const trying = (async () => {
      while (!given) {
        const server = await answerAt(port, '127.0.0.1').catch(() => null);
        if (server !== null) return server;
        await turn();
      }
      return null;
    })();
    later(async () => {
      given = true;
      const server = await trying;
      if (server !== null) await closed(server);
    });
    return `waits for port ${port}`;
  },

  /**
   * Listens under the very name of another's socket, in a root directory of its own, and connects to itself:
   * /proc/net/unix tells the name alone.
   */
  'forge-connections': async ({ path }) => {
    const child = spawn('/usr/bin/python3', ['-c', FORGER, path, process.env.DATA_DIR], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    later(() => child.kill('SIGKILL'));
    const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['nothing'])]);
    const errno = /^errno (E\w+)/.exec(said)?.[1];
    if (errno !== undefined) throw Object.assign(new Error('forging'), { code: errno });
    if (!String(said).startsWith('bound')) throw new Error(`the forger said ${said}`);
    return `connected to itself as ${path}`;
  },
};

/** With a user namespace of its own unless it is root; stays until its input is closed. */
const FORGER = `
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
path, home = sys.argv[1:]
try:
    try:
        root = home + '/.root'
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        if os.geteuid() != 0 and libc.unshare(0x10000000) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        os.chroot(root)
    except PermissionError:
        # Perhaps it has a root directory of its own anyway, in which it may write.
        os.makedirs(os.path.dirname(path), exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener.bind(path)
    listener.listen()
    clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for client in clients:
        client.connect(path)
    print('bound', flush=True)
    sys.stdin.read()
except OSError as error:
    print('errno ' + errno.errorcode[error.errno], flush=True)
`;
