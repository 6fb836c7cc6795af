/** The built dashboard, dist/dashboard, which `npm run build` writes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));
const MAX_COMPRESSED_BYTES = 150_000;

const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).filter((name) =>
  statSync(join(BUILT, name)).isFile(),
);
const read = (name: string) => readFileSync(join(BUILT, name));
const sources = files.filter((name) => /\.(html|css|js|svg)$/.test(name));

it('has a page, its script and its styles', () => {
  for (const end of ['index.html', '.js', '.css']) expect(sources.some((name) => name.endsWith(end))).toBe(true);
});

it('is under 150 kB, compressed with gzip', () => {
  const bytes = sources.reduce((sum, name) => sum + read(`${name}.gz`).length, 0);
  expect(bytes).toBeLessThan(MAX_COMPRESSED_BYTES);
});

it.each(sources)('%s is the same in both compressed forms', (name) => {
  expect(brotliDecompressSync(read(`${name}.br`)).equals(read(name))).toBe(true);
  expect(gunzipSync(read(`${name}.gz`)).equals(read(name))).toBe(true);
});

it('carries the licences of what is bundled', () => {
  for (const name of ['preact', 'signals']) expect(read('licenses.md').toString()).toContain(name);
});

it('has no script and no style within the page, which its Content-Security-Policy would block', () => {
  const page = read('index.html').toString();
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i);
});
