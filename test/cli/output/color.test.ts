import { expect, test } from 'vitest';
import { wantsColor } from '../../../src/cli/output/color.ts';

test.each<[isTerminal: boolean, env: NodeJS.ProcessEnv, colors: boolean]>([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [true, { CLICOLOR: '0' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { FORCE_COLOR: 'false' }, false],
  [false, { CLICOLOR_FORCE: '1' }, true],
  [false, { CLICOLOR_FORCE: '0' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [false, { FORCE_COLOR: '1', TERM: 'dumb' }, true],
])('terminal %j with %j: colours %j', (isTerminal, env, colors) => {
  expect(wantsColor(isTerminal, env)).toBe(colors);
});
