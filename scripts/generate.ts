/** Writes what is made from other files: the editors' schema and the reference, the applications' files in their page. `--check`: only tell whether they are fresh. */
import { readFileSync, writeFileSync } from 'node:fs';
import { jsonSchema } from '../src/config/json-schema.ts';
import { configReference } from '../src/config/reference.ts';
import { withApplications } from './applications-page.ts';

const BEGIN = '<!-- config:begin -->';
const END = '<!-- config:end -->';

const outputs = [
  { file: 'tenement.schema.json', make: () => `${JSON.stringify(jsonSchema(), null, 2)}\n` },
  { file: 'docs/config.md', make: (before: string) => withReference(before) },
  { file: 'docs/applications.md', make: withApplications },
];

function withReference(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/config.md has no ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${configReference()}\n${page.slice(end)}`;
}

function readIfThere(url: URL): string {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return '';
  }
}

for (const { file, make } of outputs) {
  const url = new URL(`../${file}`, import.meta.url);
  const before = readIfThere(url);
  const after = make(before);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(url, after);
    console.log(`wrote ${file}`);
  }
}
