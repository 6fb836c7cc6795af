import { expect, test, vi } from 'vitest';
import { terminateAll } from '../../../src/process/child/terminate.ts';
import { isAlive } from '../../../src/process/proc/proc.ts';
import { lookAtProcesses, ProcessSnapshot } from '../../../src/process/proc/process-snapshot.ts';
import { PATIENT } from '../support.ts';

vi.mock('../../../src/process/proc/proc.ts', async (original) => ({
  ...(await original<typeof import('../../../src/process/proc/proc.ts')>()),
  isAlive: vi.fn(),
}));
vi.mock('../../../src/process/proc/process-snapshot.ts', async (original) => ({
  ...(await original<typeof import('../../../src/process/proc/process-snapshot.ts')>()),
  lookAtProcesses: vi.fn(),
}));

const NO_LEADER = { pid: 2 ** 22 + 1, startTicks: 1 };
const STRAY = {
  pid: 2 ** 22 + 2,
  ppid: 1,
  pgrp: 2,
  session: 2,
  startTicks: 1,
  waitedTicks: 0,
  state: 'S',
  dataDir: null,
};
const SOCKET = '/no/such/instance';

test('termination waits for a dying process that has no environment any more (bug: it was taken for gone)', async () => {
  vi.mocked(lookAtProcesses)
    .mockResolvedValueOnce(new ProcessSnapshot([{ ...STRAY, socketPath: SOCKET }]))
    .mockResolvedValue(new ProcessSnapshot([{ ...STRAY, socketPath: null }]));
  let looks = 0;
  vi.mocked(isAlive).mockImplementation(({ pid }) => {
    if (pid === STRAY.pid) looks += 1;
    return pid === STRAY.pid && looks <= 5;
  });
  await terminateAll({
    leader: NO_LEADER,
    exited: Promise.resolve(),
    socketPath: SOCKET,
    hurry: PATIENT,
    cgroup: null,
    graceMs: 0,
  });
  expect(isAlive(STRAY)).toBe(false);
});
