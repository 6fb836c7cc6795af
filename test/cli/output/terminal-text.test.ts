import { expect, test } from 'vitest';
import { terminalJson, terminalText } from '../../../src/cli/output/terminal-text.ts';

test.each([
  ['a colour', '\u001b[31mred\u001b[0m', 'red'],
  ['the clipboard (OSC 52)', '\u001b]52;c;ZXZpbA==\u0007after', 'after'],
  ['the title (OSC 0)', '\u001b]0;root@prod\u0007after', 'after'],
  ['clearing the screen', '\u001b[2Jafter', 'after'],
  ['a carriage return', 'what happened\rall is well', 'what happened^Mall is well'],
  ['the end of a CRLF line', 'text\r', 'text'],
  ['a backspace and a bell', 'a\bb\u0007', 'a^Hb^G'],
  ['a lone escape', 'a\u001b', 'a^['],
  ['C1 in one character', 'a\u009b2J', 'a'],
  ['text that runs backwards', 'a\u202egnp.exe', 'a\ufffdgnp.exe'],
  ['a tab, and letters of any script', 'a\tä 日本 🎉', 'a\tä 日本 🎉'],
])('%s', (_name, printed, shown) => {
  expect(terminalText(printed)).toBe(shown);
});

test('JSON output cannot control the terminal, and keeps its meaning', () => {
  const value = { text: '\u009b2J \u202e \u001b[2J \u007f ä' };
  const json = terminalJson(value);
  const steering = [...json].filter((character) => character < ' ' || (character >= '\u007f' && character <= '\u009f'));
  expect([steering, json.includes('\u202e')]).toEqual([[], false]);
  expect(JSON.parse(json)).toEqual(value);
});
