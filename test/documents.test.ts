/** Checks the links of the repository's documents, and that tests run their commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const markdownIn = (dir: string) =>
  readdirSync(join(ROOT, dir), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(dir, entry.name));
const DOCUMENTS = ['', 'docs', 'docs/design'].flatMap(markdownIn);
/** Documents name files of the source relative to `src`. */
const SOURCE_FILE = /`((?:[\w-]+\/)+[\w-]+\.ts)`/g;
const LINK = /\]\(([^)\s]+)\)/g;

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8').replace(/^```.*?^```/gms, '');
const found = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, target = '']) => target);

/** The anchors that GitHub makes of headings. */
function anchorsOf(file: string): string[] {
  const headings = found(/^#+ (.*)$/gm, textOf(file));
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

it.each(DOCUMENTS)('every link in %s leads to a file and a heading that exist', (document) => {
  const links = found(LINK, textOf(document)).filter((link) => !/^\w+:/.test(link));
  const broken = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? document : normalize(join(dirname(document), path));
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

it.each(DOCUMENTS)('every file of the source that %s names exists', (document) => {
  const missing = found(SOURCE_FILE, textOf(document)).filter(
    (file) => !existsSync(join(ROOT, 'src', file)) && !existsSync(join(ROOT, file)),
  );
  expect(missing).toEqual([]);
});

it('the index of the documents names every page', () => {
  const links = found(LINK, textOf('docs/README.md')).map((link) => join('docs', link));
  const pages = [...markdownIn('docs'), ...markdownIn('docs/design')].filter((page) => page !== 'docs/README.md');
  expect(pages.filter((page) => !links.includes(page))).toEqual([]);
});

/** A line that a reader is to type, and a block of such lines. */
const COMMAND = /^ {4}(\$ |tenement |curl |systemctl )|^```(sh|console)$/m;

it('every page that shows commands is read by a test that runs them', () => {
  const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(pages|e2e|deb|apps|vm)\/.*\.ts$/.test(file))
    .map((file) => readFileSync(join(ROOT, 'test', file), 'utf8'));
  const pages = markdownIn('docs').filter((page) => COMMAND.test(readFileSync(join(ROOT, page), 'utf8')));
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.filter((page) => !tests.some((text) => text.includes(page)))).toEqual([]);
});
