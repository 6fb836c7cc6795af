import { expect, it } from 'vitest';
import { askContainer } from '../../../src/process/runsc/ask-container.ts';

it('asks nobody where the one that runs it has just ended (bug: that was an error)', () => {
  expect(() => askContainer({ pid: 2 ** 22 + 1, startTicks: 1 })).not.toThrow();
});
