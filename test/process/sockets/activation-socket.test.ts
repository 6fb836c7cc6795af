import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { ActivationSocket } from '../../../src/process/sockets/activation-socket.ts';
import { makeDir } from '../support.ts';

const CLIENTS = 60;

test('a retired activation socket accepts its whole backlog, however busy the event loop is', async () => {
  // One connection is accepted in a turn, so that this takes longer than an activation socket waits for the last one.
  const { bell, allRung } = rungBell(() => spin(5));
  bell.retire();
  await allRung;
});

test('a retired activation socket accepts its whole backlog even after a long block of the event loop (bug: connections were reset)', async () => {
  const { bell, allRung } = rungBell(() => {});
  bell.retire();
  spin(150);
  await allRung;
});

/** A socket that all clients have connected to, and that has accepted no connection. */
function rungBell(onActivation: () => void) {
  const dir = makeDir();
  const publicSocket = join(dir, 'public.sock');
  const rung: Socket[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const bell = new ActivationSocket({
    instance: 'api:acme',
    publicSocket,
    bindName: join(dir, 'bell'),
    access: { socketMode: 0o600, socketGroup: null },
    onActivation: (_instance, socket) => {
      if (rung.push(socket) === CLIENTS) resolve();
      onActivation();
    },
    onError: () => {},
  });
  const clients = Array.from({ length: CLIENTS }, () => connect(publicSocket));
  onTestFinished(() => {
    for (const socket of [...clients, ...rung]) socket.destroy();
  });
  const resets = Promise.race(clients.map((client) => once(client, 'close'))).then(() => {
    throw new Error('a client was let go of');
  });
  return { bell, allRung: Promise.race([promise, resets]) };
}

function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
