import { describe, expect, it } from 'vitest';
import { LogLines } from '../../../src/dashboard/model/log-lines.ts';

const line = (at: string, text: string) => ({ at, stream: 'stdout' as const, text });
const texts = (lines: LogLines) => lines.snapshot().lines.map(({ text }) => text);

describe('LogLines', () => {
  it('keeps the newest 2,000 lines of a flood', () => {
    const lines = new LogLines();
    for (let index = 0; index < 100_000; index += 1) lines.add(line('t', `line ${index}`));
    expect(texts(lines)).toHaveLength(2000);
    expect(texts(lines).at(-1)).toBe('line 99999');
  });

  it('cuts a long line, and shows control characters', () => {
    const lines = new LogLines();
    lines.add(line('t', `\u001b[31m${'x'.repeat(1_000_000)}`));
    expect(texts(lines)[0]).toMatch(/^\^\[\[31mx+… \(998005 more characters\)$/);
  });

  it('holds lines while it is paused, within the same bound, and says how many came', () => {
    const lines = new LogLines();
    lines.add(line('a', 'before'));
    lines.setPaused(true);
    for (let index = 0; index < 5000; index += 1) lines.add(line('b', `held ${index}`));
    expect(texts(lines)).toEqual(['before']);
    expect(lines.snapshot()).toMatchObject({ held: 5000, dropped: 3000 });
    lines.setPaused(false);
    expect(texts(lines)).toHaveLength(2000);
    expect(texts(lines).at(-1)).toBe('held 4999');
    expect(lines.snapshot()).toMatchObject({ held: 0, dropped: 0 });
  });

  it('shows no line twice when it continues after a break', () => {
    const lines = new LogLines();
    for (const [at, text] of [
      ['a', '1'],
      ['b', '2'],
      ['b', '3'],
    ] as const)
      lines.add(line(at, text));
    expect(lines.continueAt()).toBe('b');
    for (const [at, text] of [
      ['b', '2'],
      ['b', '3'],
      ['b', '4'],
      ['c', '5'],
    ] as const)
      lines.add(line(at, text));
    expect(texts(lines)).toEqual(['1', '2', '3', '4', '5']);
    expect(lines.continueAt()).toBe('c');
    for (const [at, text] of [
      ['c', '5'],
      ['c', '6'],
    ] as const)
      lines.add(line(at, text));
    expect(texts(lines).at(-1)).toBe('6');
  });

  it('takes new lines when those of the last time are gone from the log', () => {
    const lines = new LogLines();
    lines.add(line('a', '1'));
    lines.continueAt();
    lines.add(line('b', '2'));
    lines.add(line('b', '3'));
    expect(texts(lines)).toEqual(['1', '2', '3']);
  });
});
