import { expect, test } from 'vitest';
import { descriptorWarning } from '../../src/cli/descriptor-limit.ts';

const limits = (hard: string) =>
  `Limit    Soft Limit  Hard Limit  Units\nMax open files            1024        ${hard}        files\n`;

test('too few open files for max_running are told, with what to set', () => {
  expect(descriptorWarning({ maxRunning: 100 }, limits('1024'))).toBe(
    'open files are limited to 1024, and max_running = 100 may need 2112: ' +
      'set LimitNOFILE=2112 in the systemd unit, or `ulimit -Hn 2112` before the start',
  );
});

test('enough of them, no limit, and no way to know are nothing to tell', () => {
  expect(descriptorWarning({ maxRunning: 100 }, limits('20000'))).toBeNull();
  expect(descriptorWarning({ maxRunning: 100 }, limits('unlimited'))).toBeNull();
  expect(descriptorWarning({ maxRunning: 100 }, '')).toBeNull();
});
