import { expect, test } from 'vitest';
import { describeDescriptors, descriptorWarning } from '../../src/local/descriptor-limit.ts';

const wanted = { maxRunning: 100, registered: 60, limits: { maxConnections: 0, maxConnectionsPerClient: 0 } };

test('a warning about too few open files for max_running says what they suffice for and what to set', () => {
  expect(descriptorWarning(wanted, 256)).toMatch(
    /^open files are limited to 256, enough for \d+ running instances, public sockets of \d+ sleeping instances, and \d+ connections \(\d+ of one address\); for max_running = 100: set LimitNOFILE=2048 in the systemd unit, or `ulimit -n 2048` before the start$/,
  );
});

test('a warning names the unit to change where it is known', () => {
  const warning = descriptorWarning(wanted, 256, 'tenement.service');
  expect(warning).toMatch(/; for max_running = 100: set LimitNOFILE=2048 in tenement\.service$/);
});

test('enough open files give no warning', () => {
  expect(descriptorWarning(wanted, 20_000)).toBeNull();
});

test('a warning names a connection limit beyond the open files', () => {
  const many = { ...wanted, limits: { maxConnections: 30_000, maxConnectionsPerClient: 0 } };
  expect(descriptorWarning(many, 20_000)).toContain('LimitNOFILE=131072');
});

test('a high limit suffices for everything that the config asks for', () => {
  expect(describeDescriptors(wanted, 20_000)).toContain('enough for 100 running instances');
});
