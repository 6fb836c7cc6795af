import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DirWatch } from '../../../src/process/child/readiness.ts';
import { makeDir, PATIENT } from '../support.ts';

// No delay ever passes, so that the event settles the wait, and not the recheck.
vi.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(() => {}) }));

function watchDir(): { socket: string; watch: DirWatch } {
  const socket = join(makeDir(), 'api-acme/s');
  mkdirSync(dirname(socket));
  const watch = new DirWatch(socket);
  onTestFinished(() => watch.close());
  return { socket, watch };
}

test('a socket is noticed by the event of its appearance, without any recheck', async () => {
  const { socket, watch } = watchDir();
  const changed = watch.changed(PATIENT);
  writeFileSync(socket, '');
  await changed;
});

test('nothing is noticed while nothing changes', async () => {
  const { watch } = watchDir();
  const other = watchDir();
  const first = Promise.race([
    watch.changed(PATIENT).then(() => 'watched'),
    other.watch.changed(PATIENT).then(() => 'other'),
  ]);
  writeFileSync(other.socket, '');
  expect(await first).toBe('other');
});
