import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  partOfOneClient,
  roomForActivationSockets,
  roomToRun,
  shareDescriptors,
} from '../../../src/core/limits/descriptors.ts';

const OWN = 48;
const limits = fc.integer({ min: 200, max: 1_000_000 });
const counts = fc.integer({ min: 1, max: 10_000 });

test('the shares together never exceed the limit', () => {
  fc.assert(
    fc.property(limits, counts, counts, (limit, maxRunning, registered) => {
      const shares = shareDescriptors(limit, maxRunning, registered);
      const clients = 2 * (shares.connections + shares.activations) + shares.api + shares.control;
      const reserve = Math.min(128, Math.max(24, limit / 10));
      // Even a limit that is too low for anything leaves one connection.
      expect(OWN + shares.listeners + clients + shares.instances).toBeLessThanOrEqual(
        Math.max(limit - reserve, 220) + 1,
      );
    }),
  );
});

test("running instances and activation sockets together stay within the instances' share", () => {
  fc.assert(
    fc.property(limits, counts, counts, (limit, maxRunning, registered) => {
      const shares = shareDescriptors(limit, maxRunning, registered);
      const running = Math.min(maxRunning, roomToRun(shares, registered));
      const activationSockets = Math.min(
        Math.max(0, registered - running),
        roomForActivationSockets(shares, maxRunning),
      );
      expect(4 * running + activationSockets).toBeLessThanOrEqual(shares.instances + 4);
    }),
  );
});

test('one client gets at most a quarter of many connections, and leaves others a quarter of few', () => {
  expect([4, 100, 400, 10_000].map(partOfOneClient)).toEqual([3, 75, 256, 2500]);
});
