import { once } from 'node:events';
import { existsSync, lstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { InstanceName } from '../../../src/core/lifecycle/instance.ts';
import { silentLogger } from '../../../src/logger.ts';
import { createActivationSockets } from '../../../src/process/sockets/activation-sockets.ts';
import { makeDir } from '../support.ts';

const ACCESS = { socketMode: 0o660, socketGroup: null };

/** Listeners of tenement, at most `maxOpen` of them for instances without a process. */
function made(maxOpen: number) {
  const dir = makeDir();
  const accepted: { instance: InstanceName; socket: Socket }[] = [];
  const sockets = createActivationSockets({
    logger: silentLogger(),
    maxOpen: () => maxOpen,
    onActivation: (instance, socket) => void accepted.push({ instance, socket }),
  });
  onTestFinished(() => {
    sockets.close();
    for (const { socket } of accepted) socket.destroy();
  });
  const pathOf = (instance: string) => join(dir, `${instance.replace(':', '-')}.sock`);
  const open = (instance: InstanceName, hasProcess: boolean, access = ACCESS, publicSocket = pathOf(instance)) => {
    const bindSocket = join(dirname(publicSocket), '.private', instance.replace(':', '-'), 's');
    sockets.open(instance, { tenantDir: dir, publicSocket, bindSocket }, access, hasProcess);
  };
  return { dir, sockets, accepted, pathOf, open };
}

test('listeners of instances with a process take no place of those without', () => {
  const { open, pathOf } = made(1);
  open('api:a', true);
  open('api:b', true);
  open('api:c', false);
  open('api:d', false);
  expect(['a', 'b', 'c', 'd'].map((id) => existsSync(pathOf(`api:${id}`)))).toEqual([true, true, true, false]);
});

test('an instance whose process has ended keeps its listener only where there is a place', () => {
  const { open, pathOf, sockets } = made(1);
  open('api:a', true);
  open('api:b', true);
  open('api:a', false);
  open('api:b', false);
  expect(['a', 'b'].map((id) => existsSync(pathOf(`api:${id}`)))).toEqual([true, false]);
  sockets.remove('api:a');
  open('api:b', false);
  expect(existsSync(pathOf('api:b'))).toBe(true);
});

test('a listener in place is given the mode of a changed config, and stays the same socket', () => {
  const { open, pathOf } = made(1);
  open('api:a', false);
  const { ino } = lstatSync(pathOf('api:a'));
  open('api:a', true, { ...ACCESS, socketMode: 0o666 });
  const stat = lstatSync(pathOf('api:a'));
  expect([stat.ino, stat.mode & 0o777]).toEqual([ino, 0o666]);
});

test('a listener that moves to another path accepts the clients that waited at the old one', async () => {
  const { open, pathOf, accepted, dir } = made(1);
  open('api:a', true);
  const client = connect(pathOf('api:a'));
  onTestFinished(() => void client.destroy());
  const moved = join(dir, 'moved.sock');
  open('api:a', true, ACCESS, moved);
  await once(client, 'connect');
  await expect.poll(() => accepted.length).toBe(1);
  expect([existsSync(pathOf('api:a')), existsSync(moved)]).toEqual([false, true]);
});
