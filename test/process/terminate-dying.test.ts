import { expect, test, vi } from 'vitest';
import { isAlive, withEnvironmentEntry } from '../../src/process/proc.ts';
import { terminateAll } from '../../src/process/terminate.ts';
import { PATIENT } from './support.ts';

vi.mock('../../src/process/proc.ts', async (original) => ({
  ...(await original<typeof import('../../src/process/proc.ts')>()),
  isAlive: vi.fn(),
  withEnvironmentEntry: vi.fn(),
}));

const NO_LEADER = { pid: 2 ** 22 + 1, startTicks: 1 };
const STRAY = { pid: 2 ** 22 + 2, startTicks: 1 };

test('one that lives on for a moment without an environment, as it dies, is waited for (bug: it was taken for gone)', async () => {
  vi.mocked(withEnvironmentEntry).mockReturnValueOnce([STRAY]).mockReturnValue([]);
  let looks = 0;
  vi.mocked(isAlive).mockImplementation(({ pid }) => {
    if (pid === STRAY.pid) looks += 1;
    return pid === STRAY.pid && looks <= 3;
  });
  await terminateAll({
    leader: NO_LEADER,
    exited: Promise.resolve(),
    marker: 'SOCKET_PATH=/no/such/instance',
    hurry: PATIENT,
    cgroup: null,
    graceMs: 0,
  });
  expect(isAlive(STRAY)).toBe(false);
});
