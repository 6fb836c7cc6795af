import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatEntries, LogReader } from '../../../src/core/input/log-format.ts';

const AT = Date.parse('2026-11-21T01:02:03.004Z');

test('an entry is a line that a pager can show', () => {
  expect(formatEntries(AT, 'stdout', [{ text: 'hello', partial: false }])).toBe('2026-11-21T01:02:03.004Z out hello\n');
  expect(formatEntries(AT, 'stderr', [{ text: 'hel', partial: true }])).toBe('2026-11-21T01:02:03.004Z err+ hel\n');
});

test('parts of a line are joined per stream, with the time of the first', () => {
  const reader = new LogReader();
  const part = (atMs: number, stream: 'stdout' | 'stderr', text: string, partial: boolean) =>
    formatEntries(atMs, stream, [{ text, partial }]);
  const file = [
    part(AT, 'stdout', 'one ', true),
    part(AT + 1, 'stderr', 'oops', false),
    part(AT + 2, 'stdout', 'line', false),
    part(AT + 3, 'stdout', 'the rest never came', true),
  ].join('');
  expect(reader.push(file)).toEqual([
    { atMs: AT + 1, stream: 'stderr', text: 'oops' },
    { atMs: AT, stream: 'stdout', text: 'one line' },
  ]);
  expect(reader.end()).toEqual([{ atMs: AT + 3, stream: 'stdout', text: 'the rest never came' }]);
});

test('a line that is no entry is skipped', () => {
  expect(new LogReader().push('garbage\n\n2026 out x\n')).toEqual([]);
});

test('the same lines are read however the file is divided into chunks', () => {
  const text = fc.string({ maxLength: 20 }).map((raw) => raw.replaceAll(/[\r\n]/g, ' '));
  const entries = fc.array(fc.record({ text, partial: fc.boolean() }), { maxLength: 10 });
  fc.assert(
    fc.property(entries, fc.nat(), (those, seed) => {
      const file = formatEntries(AT, 'stdout', those);
      const cut = file.length === 0 ? 0 : seed % file.length;
      const [whole, pieces] = [new LogReader(), new LogReader()];
      const expected = [...whole.push(file), ...whole.end()];
      expect([...pieces.push(file.slice(0, cut)), ...pieces.push(file.slice(cut)), ...pieces.end()]).toEqual(expected);
    }),
  );
});
