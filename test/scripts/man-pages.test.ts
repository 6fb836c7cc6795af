import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { manPages } from '../../scripts/man/pages.ts';
import { definition, example, inline } from '../../scripts/man/roff.ts';
import { processIo } from '../../src/cli/output/io.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { referenceSections } from '../../src/config/reference.ts';

const pages = await manPages('1.2.3');

/** Lists the words of every command that does something. */
function wordsOf(command: Command, before = ''): string[] {
  if (command.commands.length === 0) return [before.trim()];
  return command.commands.flatMap((inner) => wordsOf(inner, `${before} ${inner.name()}`));
}

it('tenement(1) has every command', async () => {
  const headings = (pages['tenement.1'] ?? '').split('\n').filter((line) => line.startsWith('.SS '));
  const words = wordsOf(await wholeProgram(processIo()));
  expect(words.length).toBeGreaterThan(40);
  for (const each of words) expect(headings).toContainEqual(expect.stringMatching(new RegExp(`^\\.SS "${each}\\b`)));
});

it('tenement.toml(5) has every table and key', () => {
  const page = pages['tenement.toml.5'];
  for (const { title, keys } of referenceSections()) {
    expect(page).toContain(`.SH "${title}"`);
    for (const { name } of keys) expect(page).toContain(`\n\\fB${name}\\fR\n`);
  }
});

it('an option can be copied from the page, since its hyphens are the minus of a terminal', () => {
  expect(definition('--id <id>', 'the tenant, as in `api --id acme`')).toBe(
    '.TP\n\\fB\\-\\-id <id>\\fR\nthe tenant, as in \\fBapi \\-\\-id acme\\fR',
  );
});

it('text that begins with a dot or a quote, or contains a backslash, is no request', () => {
  expect(inline('.env is read')).toBe('\\&.env is read');
  expect(inline("'a' \\n")).toBe('\\(aqa\\(aq \\en');
  expect(example('a\n.b')).toContain('\na\n\\&.b\n');
});
