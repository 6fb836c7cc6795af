/** Writes what is made from other files: the editors' schema and the reference, the applications' files in their page, the tables of permissions and error codes. `--check`: only tell whether they are fresh. */
import { readFileSync, writeFileSync } from 'node:fs';
import { jsonSchema } from '../src/config/json-schema.ts';
import { configReference } from '../src/config/reference.ts';
import { withApplications } from './applications-page.ts';
import { codesTable } from './codes-table.ts';
import { permissionsTable } from './permissions-table.ts';

const outputs = [
  { file: 'tenement.schema.json', make: () => `${JSON.stringify(jsonSchema(), null, 2)}\n` },
  { file: 'docs/config.md', make: (page: string) => withBlock(page, 'config', configReference()) },
  { file: 'docs/tokens.md', make: async (page: string) => withBlock(page, 'permissions', await permissionsTable()) },
  { file: 'docs/troubleshooting.md', make: (page: string) => withBlock(page, 'codes', codesTable()) },
  { file: 'docs/applications.md', make: withApplications },
];

/** Replaces what stands between the marks of a name. */
function withBlock(page: string, name: string, text: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const [before, rest] = page.split(begin);
  const end = rest?.indexOf(`<!-- ${name}:end -->`) ?? -1;
  if (before === undefined || rest === undefined || end < 0) throw new Error(`there is no ${begin} … ${name}:end`);
  return `${before}${begin}\n\n${text}\n${rest.slice(end)}`;
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
  const after = await make(before);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(url, after);
    console.log(`wrote ${file}`);
  }
}
