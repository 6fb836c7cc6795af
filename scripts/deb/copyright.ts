/** The copyright file: tenement's licence, and those of Node and the modules in the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { licenseTexts, type Module } from './modules.ts';

const FORMAT = 'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/';
/** Debian's base-files has the text of these. */
const COMMON: Readonly<Record<string, string>> = {
  'Apache-2.0': ' On Debian systems, the text of the licence is in /usr/share/common-licenses/Apache-2.0.',
};

export interface OtherLicenses {
  readonly node: string;
  /** Of the modules that the dashboard's files contain. */
  readonly bundled: string;
}

export function copyrightFile(checkout: string, modules: readonly Module[], { node, bundled }: OtherLicenses): string {
  const own = readFileSync(join(checkout, 'LICENSE'), 'utf8');
  return `${[
    `Format: ${FORMAT}\nUpstream-Name: tenement`,
    stanza('*', own, 'Expat'),
    stanza('usr/lib/tenement/bin/node', node, 'Node'),
    stanza('usr/lib/tenement/dist/dashboard/*', bundled, 'MIT'),
    ...modules.map((module) => ofModule(checkout, module)),
  ].join('\n\n')}\n`;
}

function ofModule(checkout: string, module: Module): string {
  const texts = licenseTexts(checkout, module);
  const text =
    texts.length === 0
      ? `${module.name} has no file with its licence. Its package.json names ${module.license}.`
      : texts.join('\n\n');
  return stanza(`usr/lib/tenement/${module.path}/*`, text, module.license);
}

function stanza(files: string, text: string, license: string): string {
  return `Files: ${files}\nCopyright: ${holdersIn(text)}\nLicense: ${license}\n${COMMON[license] ?? indented(text)}`;
}

function holdersIn(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) =>
        /^(copyright|\(c\)|©)\s.*\w/i.test(line) && !/copyright (notice|owner|holder|license|statement)/i.test(line),
    );
  return lines.length === 0 ? 'its authors' : lines.map((line) => line.replace(/^copyright\s*/i, '')).join('\n ');
}

/** A field's further lines begin with a space, and a dot stands for an empty one. */
function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
}
