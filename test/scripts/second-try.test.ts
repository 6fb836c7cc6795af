import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../scripts/tests/outcome.ts';
import { withSecondTries } from '../../scripts/tests/second-try.ts';

const GOOD: Outcome = { passed: 1, failed: [], errors: 0 };
const FLAKY = { file: 'test/a.test.ts', name: 'a server > starts (twice)', reason: 'timed out' };
const BROKEN = { file: 'test/b.test.ts', name: null, reason: 'no such module' };

const failing = (...failed: Outcome['failed']): Outcome => ({ passed: 5, failed, errors: 0 });

/** Runs with these outcomes, one after the other. */
function scripted(...outcomes: readonly Outcome[]) {
  const runs: (readonly string[])[] = [];
  const said: string[] = [];
  const run = async (args: readonly string[]) => {
    runs.push(args);
    return outcomes[runs.length - 1] ?? GOOD;
  };
  return { runs, said, verdict: () => withSecondTries(run, (line) => said.push(line)) };
}

describe('second tries', () => {
  it('are not made when everything passes', async () => {
    const { runs, verdict } = scripted({ passed: 7, failed: [], errors: 0 });
    expect(await verdict()).toEqual({ passed: 7, flaky: [], failed: [], errors: 0 });
    expect(runs).toEqual([[]]);
  });

  it('run the failed test of its file alone, by its exact name', async () => {
    const { runs, verdict } = scripted(failing(FLAKY));
    await verdict();
    expect(runs[1]).toEqual([FLAKY.file, '--testNamePattern', '^a server > starts \\(twice\\)$']);
    expect(new RegExp(runs[1]?.[2] ?? '').test(FLAKY.name)).toBe(true);
  });

  it('run a file that failed outside of its tests as a whole', async () => {
    const { runs, verdict } = scripted(failing(BROKEN), { passed: 4, failed: [], errors: 0 });
    expect(await verdict()).toEqual({
      passed: 9,
      flaky: [{ title: BROKEN.file, reason: 'no such module' }],
      failed: [],
      errors: 0,
    });
    expect(runs[1]).toEqual([BROKEN.file]);
  });

  it('name a test that passes then as flaky, and count it as passed', async () => {
    const { said, verdict } = scripted(failing(FLAKY), GOOD);
    const title = 'test/a.test.ts > a server > starts (twice)';
    expect(await verdict()).toEqual({ passed: 6, flaky: [{ title, reason: 'timed out' }], failed: [], errors: 0 });
    expect(said).toContain(`flaky: ${title}`);
  });

  it('that fail too make the test count as failed', async () => {
    const { verdict } = scripted(failing(FLAKY), { passed: 0, failed: [FLAKY], errors: 0 });
    expect(await verdict()).toMatchObject({
      passed: 5,
      flaky: [],
      failed: [{ title: 'test/a.test.ts > a server > starts (twice)', reason: 'timed out' }],
    });
  });

  it('that find no such test, or end with an error, do not count as passed', async () => {
    const none = scripted(failing(FLAKY), { passed: 0, failed: [], errors: 0 });
    expect(await none.verdict()).toMatchObject({ flaky: [], failed: [expect.any(Object)] });
    const unhandled = scripted(failing(FLAKY), { passed: 1, failed: [], errors: 1 });
    expect(await unhandled.verdict()).toMatchObject({ flaky: [], failed: [expect.any(Object)] });
  });

  it('do not excuse errors that belong to no test', async () => {
    const { verdict } = scripted({ passed: 5, failed: [FLAKY], errors: 1 }, GOOD);
    expect(await verdict()).toMatchObject({ flaky: [expect.any(Object)], errors: 1 });
  });

  it('are not made for many failures, which mean a broken change', async () => {
    const many = Array.from({ length: 21 }, (_, index) => ({ ...FLAKY, name: `${index}` }));
    const { runs, verdict } = scripted(failing(...many));
    expect((await verdict()).failed).toHaveLength(21);
    expect(runs).toHaveLength(1);
  });
});
