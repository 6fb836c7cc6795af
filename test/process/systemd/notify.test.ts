/** Node cannot receive datagrams of Unix sockets either: Python does it for the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { notifyService } from '../../../src/process/systemd/notify.ts';
import { directoryOfTest } from '../../e2e/support.ts';

const RECEIVE = `import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
path = sys.argv[1]
server.bind("\\0" + path[1:] if path.startswith("@") else path)
sys.stdout.write("bound\\n"); sys.stdout.flush()
print(server.recv(4096).decode(), flush=True)`;

test.each([
  ['in a directory', () => join(directoryOfTest(), 'notify')],
  ['with an abstract name', () => `@tenement-test-${process.pid}`],
])('systemd is told at a socket %s', async (_where, pathOf) => {
  const path = pathOf();
  const receiver = spawn('python3', ['-c', RECEIVE, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void receiver.kill('SIGKILL'));
  expect(String(await once(receiver.stdout, 'data'))).toBe('bound\n');
  expect(notifyService({ state: 'READY=1', status: 'it – serves' }, { NOTIFY_SOCKET: path })).toBe(true);
  expect(await text(receiver.stdout)).toBe('READY=1\nSTATUS=it – serves\n');
});

test('nothing is notified without NOTIFY_SOCKET, and a vanished manager is no error', () => {
  const notice = { state: 'STOPPING=1', status: 'ending' } as const;
  expect(notifyService(notice, {})).toBe(false);
  expect(notifyService(notice, { NOTIFY_SOCKET: 'vsock:2:1234' })).toBe(false);
  expect(notifyService(notice, { NOTIFY_SOCKET: '/nobody/is/here' })).toBe(false);
});
