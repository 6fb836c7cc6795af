/** The control files of the package. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What Debian calls the architectures that Node has packages for. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** @throws {Error} for an architecture without a Node of its own */
export function architecture(): string {
  const name = ARCHITECTURES[process.arch];
  if (name === undefined)
    throw new Error(`cannot build for ${process.arch}: only for ${Object.keys(ARCHITECTURES).join(', ')}`);
  return name;
}

export interface ControlFacts {
  readonly version: string;
  readonly maintainer: string;
  readonly installedKib: number;
}

/** The versions of the libraries are those that Node's official binary needs; of systemd, those that the units need. */
export function controlFile({ version, maintainer, installedKib }: ControlFacts): string {
  return `Package: tenement
Version: ${version}
Architecture: ${architecture()}
Maintainer: ${maintainer}
Installed-Size: ${installedKib}
Depends: libc6 (>= 2.28), libstdc++6 (>= 5.1), libgcc-s1, libatomic1, iproute2, systemd (>= 252)
Recommends: bubblewrap (>= 0.7)
Suggests: nginx | caddy, restic
Section: web
Priority: optional
Description: one process of a web application for each customer
 tenement turns a web application written for one customer into one that serves
 all of them. It runs a copy of the unmodified application for each customer:
 one process, with its own socket, environment, data directory and limits. Idle
 copies are put to sleep and wake at their next request.
 .
 The package has a Node of its own, which applications may use too.
`;
}

/** @param date of the build */
export function debianChangelog(version: string, maintainer: string, date: Date): string {
  const day = date.toUTCString().replace('GMT', '+0000');
  return `tenement (${version}) unstable; urgency=medium\n\n  * All changes are in CHANGELOG.md.gz.\n\n -- ${maintainer}  ${day}\n`;
}

/** @param files paths below the root, and where they are */
export function md5sums(files: readonly { readonly path: string; readonly file: string }[]): string {
  return files
    .map(({ path, file }) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${path}\n`)
    .join('');
}
