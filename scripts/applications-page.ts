/** The blocks of docs/applications.md: exactly the files that test/apps runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const APPLICATIONS = fileURLToPath(new URL('../test/apps', import.meta.url));
const FENCES: Record<string, string> = {
  '.sh': 'sh',
  '.toml': 'toml',
  '.py': 'python',
  '.ru': 'ruby',
  '.php': 'php',
  '.json': 'json',
  '.conf': 'ini',
};
/** The files in the order in which a reader needs them; an application's other files follow. */
const FIRST = ['install.sh', 'tenement.toml'];
/** Longer files are named, but not shown. */
const MAX_LINES = 40;

/** @throws {Error} when an application has no place in the page, or a place has no application */
export function withApplications(page: string): string {
  const names = readdirSync(APPLICATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  let filled = page;
  for (const { name } of names) filled = withBlocks(filled, name);
  const unknown = [...filled.matchAll(/<!-- app:(\S+):begin -->/g)].map(([, name]) => name);
  for (const name of unknown) if (!names.some((entry) => entry.name === name)) throw new Error(`no test/apps/${name}`);
  return filled;
}

function withBlocks(page: string, name: string): string {
  const begin = `<!-- app:${name}:begin -->`;
  const end = `<!-- app:${name}:end -->`;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/applications.md has no ${begin} … ${end}`);
  return `${before}${begin}\n\n${blocksOf(name).join('\n\n')}\n\n${end}${after}`;
}

function blocksOf(name: string): string[] {
  const files = readdirSync(join(APPLICATIONS, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(APPLICATIONS, name).length + 1))
    .sort();
  const first = FIRST.filter((file) => files.includes(file));
  const others = files.filter((file) => !FIRST.includes(file));
  return [...first, ...others].map((file) => blockOf(name, file));
}

function blockOf(name: string, file: string): string {
  const text = readFileSync(join(APPLICATIONS, name, file), 'utf8').trimEnd();
  const title = `[\`${file}\`](../test/apps/${name}/${file})`;
  if (text.split('\n').length > MAX_LINES) return title;
  return `${title}:\n\n\`\`\`${FENCES[extname(file)] ?? ''}\n${text}\n\`\`\``;
}
