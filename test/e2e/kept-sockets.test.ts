/** Unix sockets that the service manager keeps while one server ends and the next starts. Python plays the manager. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { duplicateOf } from '../../src/process/child/pidfd.ts';
import { askSocket } from './clients.ts';
import { constantLoad } from './constant-load.ts';
import { isMissing, startKeepingNginx } from './fronts.ts';
import { activated } from './listening-sockets.ts';
import { send, type TestServer } from './test-server.ts';

const STORE = `import array, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print("bound", flush=True)
while True:
    text, fds, _, _ = socket.recv_fds(server, 4096, 253)
    lines = dict(line.split("=", 1) for line in text.decode().split("\\n"))
    if "FDSTORE" in lines: print("store", lines["FDNAME"], *fds, flush=True)
    if "FDSTOREREMOVE" in lines: print("remove", lines["FDNAME"], flush=True)`;

/** What it holds is passed to the server at the next start. */
class Manager {
  /** Descriptors of the manager's process, by name. */
  readonly stored = new Map<string, number[]>();
  readonly path: string;
  private readonly child;

  constructor(path: string) {
    this.path = path;
    this.child = spawn('python3', ['-c', STORE, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  async begin(): Promise<void> {
    const lines = createInterface({ input: this.child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => {
      const [what, name = '', ...fds] = line.split(' ');
      if (what === 'remove') this.stored.delete(name);
      else this.stored.set(name, [...(this.stored.get(name) ?? []), ...fds.map(Number)]);
    });
  }

  /** Duplicates what it holds, in the form that a server gets sockets in. */
  passed(): TestServer['sockets'] {
    const one = (name: string, fd: number) => ({ name, fd: duplicateOf(this.child.pid ?? 0, fd) ?? -1, port: 0 });
    return Array.from(this.stored).flatMap(([name, fds]) => fds.map((fd) => one(name, fd)));
  }
}

const CONFIG = `on_exit = "keep"
[proxy]
default_service = "app"
socket_group = "www-data"
[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
[service.own]
command = "node {fixtures}/tenant.mjs"
public_socket = "proxied"
[instances]
app = ["acme", "globex"]
own = ["acme"]
`;

async function managed() {
  const server = activated(CONFIG);
  const tcp = server.sockets;
  const manager = new Manager(join(server.dir, 'notify'));
  await manager.begin();
  server.env = { NOTIFY_SOCKET: manager.path };
  await server.start();
  const socketOf = async (instance: string) => (await server.instance(instance)).socket ?? '';
  const sockets = { asleep: await socketOf('app:globex'), proxied: await socketOf('own:acme') };
  await server.cli('sleep', 'app:globex');
  const restart = async (meanwhile: () => Promise<void> = async () => {}) => {
    await server.stop('SIGTERM');
    await meanwhile();
    server.sockets = [...tcp, ...manager.passed()];
    await server.start();
  };
  return { server, manager, restart, front: join(server.dir, 'tenement', '@proxy.sock'), ...sockets };
}

test('clients of sockets that tenement serves itself wait for the next server', async () => {
  const { server, manager, restart, front, asleep, proxied } = await managed();
  let waiting: ReturnType<typeof askSocket>[] = [];
  await restart(async () => {
    await expect.poll(() => [...manager.stored.keys()].sort()).toEqual(['front', 'public']);
    const host = { headers: { host: 'acme.localhost' } };
    waiting = [askSocket(asleep), askSocket(proxied), askSocket(front, '/', host)];
  });
  const answers = await Promise.all(waiting);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await server.instance('app:globex')).state).toBe('ready');
  // The next server accepts at sockets of its own, and the manager lets go of the others.
  await expect.poll(() => manager.stored.size).toBe(0);
  await server.stop('SIGINT');
  expect([front, proxied].map((path) => existsSync(path))).toEqual([true, true]);
});

test.skipIf(isMissing('nginx'))(
  'a restart under load refuses nothing at these sockets, and fails no request',
  async () => {
    const { server, restart, front, proxied } = await managed();
    const { port } = await startKeepingNginx(server.dir, proxied);
    const host = { headers: { host: 'acme.localhost' } };
    const loads = [
      constantLoad(4, () => askSocket(proxied)),
      constantLoad(4, () => askSocket(front, '/', host)),
      constantLoad(4, () => send(port, '/', {})),
    ];
    const someMore = () => Promise.all(loads.map((load) => load.more(30)));
    await someMore();
    await restart();
    await someMore();
    await restart();
    await someMore();
    const ended = await Promise.all(loads.map((load) => load.end()));
    expect(ended.flatMap(({ failures }) => failures)).toEqual([]);
    expect(new Set(ended.flatMap(({ answers }) => answers.map(({ status }) => status)))).toEqual(new Set([200]));
  },
);
