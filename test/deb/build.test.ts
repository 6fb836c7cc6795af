/** What the package is made of. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import { buildDeb } from '../../scripts/deb/build.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const MIB = 1024 ** 2;

const { first } = inject('packages');
const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly bytes: number;
  readonly path: string;
}

function entries(): Entry[] {
  const text = execFileSync('dpkg-deb', ['--contents', first], { encoding: 'utf8', maxBuffer: 16 * MIB });
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', bytes = '', , , path = ''] = line.split(/\s+/);
      return { mode, owner, bytes: Number(bytes), path: path.slice(1) };
    });
}

test('the same source gives the same bytes, whoever builds it, where and when', async () => {
  const out = mkdtempSync(join(tmpdir(), 'tenement-again-'));
  const umask = process.umask(0o077);
  process.env['TZ'] = 'Asia/Tokyo';
  onTestFinished(() => {
    process.umask(umask);
    delete process.env['TZ'];
    rmSync(out, { recursive: true });
  });
  const again = await buildDeb({ checkout: CHECKOUT, out, version: '0.1.0', compression: 'none' });
  expect(hashOf(again)).toBe(hashOf(first));
});

test('it has the program, Node, the dashboard, units, manual pages, completions and documents', () => {
  const paths = entries().map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      '/etc/tenement/tenement.toml',
      '/usr/bin/tenement',
      '/usr/lib/sysusers.d/tenement.conf',
      '/usr/lib/systemd/system/tenement-api.socket',
      '/usr/lib/systemd/system/tenement-proxy.socket',
      '/usr/lib/systemd/system/tenement-tenants.service',
      '/usr/lib/systemd/system/tenement.service',
      '/usr/lib/tenement/bin/node',
      '/usr/lib/tenement/bin/tenement.js',
      '/usr/lib/tenement/dist/cli/main.js',
      '/usr/lib/tenement/dist/dashboard/index.html',
      '/usr/share/bash-completion/completions/tenement',
      '/usr/share/doc/tenement/copyright',
      '/usr/share/doc/tenement/docs/install.md',
      '/usr/share/fish/vendor_completions.d/tenement.fish',
      '/usr/share/man/man1/tenement.1.gz',
      '/usr/share/man/man5/tenement.toml.5.gz',
      '/usr/share/tenement/examples/notes/app.js',
      '/usr/share/tenement/hooks/postgres',
      '/usr/share/zsh/vendor-completions/_tenement',
    ]),
  );
  expect(
    paths.filter((path) => /\.(ts|map)$|\/test\/|node_modules\/(vitest|typescript|@biomejs)\//.test(path)),
  ).toEqual([]);
});

test('everything in it is root\u2019s, and nobody else may write it', () => {
  expect(entries().filter(({ mode, owner }) => owner !== 'root/root' || /^[^l].{4}w|^[^l].{7}w|s/.test(mode))).toEqual(
    [],
  );
});

test('Node is most of its size', () => {
  const all = entries().reduce((sum, { bytes }) => sum + bytes, 0);
  const node = entries().find(({ path }) => path === '/usr/lib/tenement/bin/node')?.bytes ?? 0;
  console.log(`installed ${Math.round(all / MIB)} MiB, of which Node ${Math.round(node / MIB)} MiB`);
  expect(node).toBeLessThan(125 * MIB);
  expect(all - node).toBeLessThan(25 * MIB);
});

test.skipIf(spawnSync('lintian', ['--version']).error !== undefined)('lintian finds nothing in it', () => {
  // The tests build it without compression, which saves a minute.
  const compression = 'uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball';
  const words = ['--allow-root', '--suppress-tags', compression, '--fail-on', 'error,warning,info', first];
  const { status, stdout, stderr } = spawnSync('lintian', words, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
