/** Makes `tenement` and `ten` run from a checkout, where npm links only the bins of dependencies. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binDir = join(root, 'node_modules', '.bin');

/** With the Node that `npm ci` brings, since the system's may be too old; also by a link to it from elsewhere. */
const SCRIPT = `#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
node=$bin/node
[ -x "$node" ] || node=node
exec "$node" "$bin/../../bin/tenement.js" "$@"
`;

// Installed as a dependency there is none, and npm makes the links itself.
if (existsSync(binDir)) {
  chmodSync(join(root, 'bin', 'tenement.js'), 0o755);
  for (const name of ['tenement', 'ten']) {
    const file = join(binDir, name);
    // What was written through a link that an earlier version made would land in bin/.
    rmSync(file, { force: true });
    writeFileSync(file, SCRIPT, { mode: 0o755 });
  }
}
