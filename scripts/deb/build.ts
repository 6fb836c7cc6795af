/** Builds the package from the checkout. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { architecture, controlFile, md5sums } from './control.ts';
import { layOut } from './layout.ts';
import { Tree } from './tree.ts';
import { UNITS } from './units.ts';

export interface BuildOptions {
  readonly checkout: string;
  /** The directory of the package. */
  readonly out: string;
  readonly version: string;
  readonly compression: string;
}

const CONFFILES = '/etc/tenement/tenement.toml\n';

/** Returns the package's path. Needs dpkg-deb and strip. */
export async function buildDeb({ checkout, out, version, compression }: BuildOptions): Promise<string> {
  const date = sourceDate(checkout);
  const maintainer = maintainerName();
  const work = mkdtempSync(join(tmpdir(), 'tenement-deb-'));
  try {
    const tree = new Tree(join(work, 'root'));
    await layOut(tree, { checkout, version, maintainer, date });
    tree.normalizeModes();
    writeControl(tree, checkout, controlFile({ version, maintainer, installedKib: tree.kib() }));
    const file = resolve(out, `tenement_${version}_${architecture()}.deb`);
    execFileSync('dpkg-deb', [`-Z${compression}`, '--root-owner-group', '--build', tree.root, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  } finally {
    rmSync(work, { recursive: true });
  }
}

function writeControl(tree: Tree, checkout: string, control: string): void {
  const sums = md5sums(tree.files());
  const directory = join(tree.root, 'DEBIAN');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const write = (name: string, text: string, mode = 0o644) => {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), mode);
  };
  write('control', control);
  write('conffiles', CONFFILES);
  write('md5sums', sums);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    const text = readFileSync(join(checkout, 'packaging/deb', script), 'utf8');
    write(script, text.replaceAll('@UNITS@', UNITS.join(' ')), 0o755);
  }
}

/** SOURCE_DATE_EPOCH, as reproducible-builds.org defines it, else the time of the last commit. */
function sourceDate(checkout: string): Date {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const seconds = given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: checkout, encoding: 'utf8' });
  return new Date(Number(seconds) * 1000);
}

/** As Debian's tools take it from the environment. */
function maintainerName(): string {
  const { DEBFULLNAME = 'The tenement authors', DEBEMAIL = 'maintainers@tenement.invalid' } = process.env;
  return `${DEBFULLNAME} <${DEBEMAIL}>`;
}
