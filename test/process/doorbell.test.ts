import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Doorbell } from '../../src/process/doorbell.ts';
import { makeDir } from './support.ts';

const CLIENTS = 60;

test('all who rang before it was retired are taken in, however busy the loop is', async () => {
  const dir = makeDir();
  const publicSocket = join(dir, 'public.sock');
  const rung: Socket[] = [];
  const allRung = Promise.withResolvers<void>();
  const bell = new Doorbell({
    instance: 'api:acme',
    publicSocket,
    bindName: join(dir, 'bell'),
    access: { socketMode: 0o600, socketGroup: null },
    onRing: (_instance, socket) => {
      if (rung.push(socket) === CLIENTS) allRung.resolve();
      // One is accepted a turn, so that this takes longer than a doorbell waits for the last ring.
      spin(5);
    },
    onError: () => {},
  });
  const clients = Array.from({ length: CLIENTS }, () => connect(publicSocket));
  onTestFinished(() => {
    for (const socket of [...clients, ...rung]) socket.destroy();
  });
  const resets = Promise.all(clients.map((client) => once(client, 'close')));
  bell.retire();
  await Promise.race([allRung.promise, resets]);
  expect(rung).toHaveLength(CLIENTS);
});

function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
