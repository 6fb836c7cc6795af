/** Makes `npx tenement` and `npx ten` run from a checkout, where npm links only the bins of dependencies. */
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binDir = join(root, 'node_modules', '.bin');

// Installed as a dependency there is none, and npm makes the links itself.
if (existsSync(binDir)) {
  chmodSync(join(root, 'bin', 'tenement.js'), 0o755);
  for (const name of ['tenement', 'ten']) {
    const link = join(binDir, name);
    rmSync(link, { force: true });
    symlinkSync(join('..', '..', 'bin', 'tenement.js'), link);
  }
}
