/** What a server tells its service manager. Python receives the datagrams, which Node cannot. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory, writeConfig } from './support.ts';
import { TestServer } from './test-server.ts';

const RECEIVE = `import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print("bound", flush=True)
while True: print(server.recv(4096).decode().replace("\\n", " "), flush=True)`;

/** Returns the received notices, one string each, to which later ones are added. */
async function receiveAt(path: string): Promise<string[]> {
  const receiver = spawn('python3', ['-c', RECEIVE, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void receiver.kill('SIGKILL'));
  const notices: string[] = [];
  const lines = createInterface({ input: receiver.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => notices.push(line));
  return notices;
}

test('the manager hears that the server is ready, alive and ending, and how many instances are awake', async () => {
  const dir = temporaryDirectory();
  const notices = await receiveAt(join(dir, 'notify'));
  const server = new TestServer(dir, join(dir, 'tenement.toml'), []);
  onTestFinished(() => server.dispose());
  writeConfig(server.configFile, '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n');
  server.env = { NOTIFY_SOCKET: join(dir, 'notify'), WATCHDOG_USEC: '300000' };
  await server.start();
  await server.cli('spawn', 'app', '--id', 'acme');
  const where = `proxy http://127.0.0.1:${server.proxyPort}, api http://127.0.0.1:${server.apiPort}`;
  await expect.poll(() => notices).toContain(`WATCHDOG=1 STATUS=1 of 1 instances awake; ${where}`);
  expect(notices[0]).toBe(`READY=1 STATUS=0 of 0 instances awake; ${where}`);
  await expect.poll(() => notices).toContain('WATCHDOG=1');
  await server.stop('SIGTERM');
  await expect.poll(() => notices.at(-1)).toBe('STOPPING=1 STATUS=ending (SIGTERM)');
});
