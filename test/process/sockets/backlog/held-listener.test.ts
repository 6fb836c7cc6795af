import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canDuplicate } from '../../../../src/process/child/pidfd.ts';
import { identityOf } from '../../../../src/process/proc/proc.ts';
import { type HeldListener, holdListener } from '../../../../src/process/sockets/backlog/held-listener.ts';
import { InheritedBacklog } from '../../../../src/process/sockets/backlog/inherited-backlog.ts';
import { makeDir } from '../../support.ts';

/** Listens at its argument; after a line on stdin it accepts no more. */
const LISTENER = `const server = require('node:net').createServer((socket) => socket.end('the tenant'));
server.listen(process.argv[1], () => console.log('listening'));
process.stdin.once('data', () => server.close(() => console.log('closed')));`;

interface Tenant {
  readonly child: ChildProcess;
  readonly path: string;
}

async function listening(path = join(makeDir(), 'app.sock')): Promise<Tenant> {
  const child = spawn(process.execPath, ['-e', LISTENER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { child, path };
}

async function hold({ child, path }: Tenant): Promise<HeldListener> {
  const held = await holdListener(identityOf(child.pid ?? 0), path);
  if (held === null) throw new Error('it cannot be held');
  return held;
}

async function end({ child }: Tenant): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const descriptors = () => readdirSync('/proc/self/fd').length;

describe.skipIf(!canDuplicate())('the socket of a process that has died', () => {
  it('accepts connections while its descriptor is held, and refuses them afterwards', async () => {
    const tenant = await listening();
    const held = await hold(tenant);
    await end(tenant);
    const waiting = await connected(tenant.path);
    const reset = expect(once(waiting, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
    held.close();
    await expect(connected(tenant.path)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await reset;
  });

  it('hands over waiting connections, however late, and closes when no more come', async () => {
    const tenant = await listening();
    const before = descriptors();
    const { fd } = await hold(tenant);
    await end(tenant);
    const clients = await Promise.all([connected(tenant.path), connected(tenant.path)]);
    const rung: string[] = [];
    const onActivation = (instance: string, socket: Socket) => {
      rung.push(instance);
      socket.resume().end('tenement');
    };
    const ended = new Promise<void>(
      (resolve) => new InheritedBacklog({ instance: 'app:acme', fd, onActivation, onEnd: resolve }),
    );
    // Longer than the listener waits for further connections.
    standStill(150);
    for (const client of clients) expect(String((await once(client, 'data'))[0])).toBe('tenement');
    for (const client of clients) client.destroy();
    await ended;
    expect(rung).toEqual(['app:acme', 'app:acme']);
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
  });

  it('accepts a bounded number, however many a tenant queued there', async () => {
    const tenant = await listening();
    const { fd } = await hold(tenant);
    tenant.child.kill('SIGSTOP');
    // The backlog of a Node server is 511.
    for (let count = 0; count < 512; count += 1) await connected(tenant.path);
    tenant.child.kill('SIGKILL');
    const { promise: full, resolve } = Promise.withResolvers<void>();
    let taken = 0;
    const onActivation = (_instance: string, socket: Socket) => {
      taken += 1;
      socket.destroy();
    };
    new InheritedBacklog({ instance: 'app:acme', fd, onActivation, onEnd: resolve });
    await full;
    expect(taken).toBe(512);
  });

  it("is distinguished from the next process's socket of the same name (bug: the old one was taken for it)", async () => {
    const old = await listening();
    const first = await hold(old);
    await end(old);
    rmSync(old.path);
    const next = await listening(old.path);
    const second = await hold(next);
    expect(second.isShared()).toBe(true);
    first.close();
    second.close();
  });

  it('is known to be closed by the tenant', async () => {
    const tenant = await listening();
    const held = await hold(tenant);
    expect(held.isShared()).toBe(true);
    tenant.child.stdin?.write('close\n');
    await once(tenant.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    expect(held.isShared()).toBe(false);
    held.close();
  });
});

it('a socket that does not listen or does not exist cannot be held', async () => {
  const { child, path } = await listening();
  expect(await holdListener(identityOf(child.pid ?? 0), `${path}x`)).toBeNull();
  expect(await holdListener({ pid: 2 ** 22 + 1, startTicks: 1 }, path)).toBeNull();
});
