/** Lays out the files of the package. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { EXAMPLE } from '../../src/local/init/packaged-example.ts';
import { manPages } from '../man/pages.ts';
import { debianChangelog } from './control.ts';
import { copyrightFile } from './copyright.ts';
import { copyModule, productionModules } from './modules.ts';
import type { Tree } from './tree.ts';
import { unitFiles } from './units.ts';

const LIBRARY = 'usr/lib/tenement';
const DASHBOARD = `${LIBRARY}/dist/dashboard`;
const SHARED = 'usr/share/tenement';
const DOCUMENTS = 'usr/share/doc/tenement';

export interface Source {
  readonly checkout: string;
  readonly version: string;
  readonly maintainer: string;
  readonly date: Date;
}

export async function layOut(tree: Tree, source: Source): Promise<void> {
  layOutProgram(tree, source);
  layOutNode(tree, source);
  layOutSystem(tree, source);
  layOutCompletions(tree);
  layOutDocuments(tree, source);
  for (const [name, text] of Object.entries(await manPages(source.version)))
    tree.writeCompressed(`usr/share/man/man${name.at(-1)}/${name}`, text);
}

function layOutProgram(tree: Tree, { checkout, version }: Source): void {
  tree.copy(join(checkout, 'bin'), `${LIBRARY}/bin`);
  compile(checkout, join(tree.root, LIBRARY, 'dist'));
  buildDashboard(checkout, join(tree.root, DASHBOARD));
  tree.copy(join(checkout, 'tenement.schema.json'), `${LIBRARY}/tenement.schema.json`);
  tree.write(`${LIBRARY}/package.json`, packageJson(checkout, version));
  for (const module of productionModules(checkout)) copyModule(checkout, module, join(tree.root, LIBRARY));
  tree.removeInterpreters(LIBRARY);
}

/** Not a copy of dist/, which may have what an earlier source left there. As `npm run build`. */
function compile(checkout: string, to: string): void {
  // With this Node, whichever is on the PATH: an older one reads no TypeScript.
  const run = (program: string, ...words: string[]) =>
    execFileSync(process.execPath, [`node_modules/.bin/${program}`, ...words], { cwd: checkout, stdio: 'inherit' });
  run('tsc', '-p', 'tsconfig.build.json', '--outDir', to, '--declaration', 'false');
  const config = ['--config', 'scripts/dashboard/vite.config.ts', '--configLoader', 'native', '--logLevel', 'warn'];
  run('vite', 'build', ...config, '--outDir', join(to, 'dashboard'), '--emptyOutDir');
}

function buildDashboard(checkout: string, to: string): void {
  const words = ['run', '--silent', 'build:dashboard', '--', '--outDir', to];
  execFileSync('npm', words, { cwd: checkout, stdio: 'inherit' });
}

/** Only what the program reads, and Node needs to know about the files beside it. */
function packageJson(checkout: string, version: string): string {
  const { name, type, license } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  return `${JSON.stringify({ name, version, license, type }, null, 2)}\n`;
}

/** The Node that `npm ci` brings, without the tables for debuggers. */
function layOutNode(tree: Tree, { checkout }: Source): void {
  const path = `${LIBRARY}/bin/node`;
  tree.copy(nodeOf(checkout), path);
  execFileSync('strip', [
    '--strip-unneeded',
    '--remove-section=.comment',
    '--remove-section=.note',
    join(tree.root, path),
  ]);
}

function nodeOf(checkout: string): string {
  return realpathSync(join(checkout, 'node_modules/.bin/node'));
}

/** The package of npm that has the binary has its licence, too. */
function nodeLicense(checkout: string): string {
  const modules = join(checkout, 'node_modules/node/node_modules');
  const binary = readdirSync(modules).find((name) => name.startsWith('node-linux-'));
  if (binary === undefined) throw new Error(`no licence of Node below ${modules}`);
  return readFileSync(join(modules, binary, 'LICENSE'), 'utf8');
}

function layOutSystem(tree: Tree, { checkout }: Source): void {
  const from = (name: string) => join(checkout, 'packaging/deb', name);
  tree.copy(from('tenement'), 'usr/bin/tenement');
  tree.link('usr/bin/ten', 'tenement');
  const config = readFileSync(from('tenement.toml'), 'utf8').replace('@EXAMPLE@', () => EXAMPLE);
  tree.write('etc/tenement/tenement.toml', config);
  tree.copy(from('sysusers.conf'), 'usr/lib/sysusers.d/tenement.conf');
  tree.copy(from('lintian-overrides'), 'usr/share/lintian/overrides/tenement');
  for (const [name, text] of unitFiles()) tree.write(`usr/lib/systemd/system/${name}`, text);
  tree.copy(join(checkout, 'hooks'), `${SHARED}/hooks`);
  const examples = join(checkout, 'examples');
  tree.copy(
    examples,
    `${SHARED}/examples`,
    (file) => !/\/(node_modules|data|__pycache__)$|\/examples\/systemd$/.test(file),
  );
}

/** Where the shells look for them; bash and fish look by the name of the command. */
function layOutCompletions(tree: Tree): void {
  tree.write('usr/share/bash-completion/completions/tenement', SCRIPTS.bash);
  tree.link('usr/share/bash-completion/completions/ten', 'tenement');
  tree.write('usr/share/zsh/vendor-completions/_tenement', SCRIPTS.zsh);
  tree.write('usr/share/fish/vendor_completions.d/tenement.fish', SCRIPTS.fish);
  tree.link('usr/share/fish/vendor_completions.d/ten.fish', 'tenement.fish');
}

function layOutDocuments(tree: Tree, { checkout, version, maintainer, date }: Source): void {
  for (const name of ['README.md', 'SECURITY.md', 'docs']) tree.copy(join(checkout, name), `${DOCUMENTS}/${name}`);
  tree.writeCompressed(`${DOCUMENTS}/CHANGELOG.md`, readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8'));
  tree.writeCompressed(`${DOCUMENTS}/changelog`, debianChangelog(version, maintainer, date));
  const bundled = readFileSync(join(tree.root, DASHBOARD, 'licenses.md'), 'utf8');
  const copyright = copyrightFile(checkout, productionModules(checkout), { node: nodeLicense(checkout), bundled });
  tree.write(`${DOCUMENTS}/copyright`, copyright);
}
