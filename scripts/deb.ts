/**
 * Builds the Debian package tenement_VERSION_ARCH.deb: `npm run deb`. It needs dpkg-deb and strip, and no root. The same source gives the same bytes; SOURCE_DATE_EPOCH is the time of its files.
 *
 *   --out DIR            where the package is written (the current directory)
 *   --version VERSION    of the package, instead of that in package.json
 *   --compression NAME   as of dpkg-deb: xz (the default), zstd, gzip, none
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { version } from '../src/version.ts';
import { buildDeb } from './deb/build.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '.' },
    version: { type: 'string', default: version },
    compression: { type: 'string', default: 'xz' },
  },
});
const checkout = fileURLToPath(new URL('..', import.meta.url));
console.log(await buildDeb({ checkout, ...values }));
