/** Lets `tenement` and `ten` run from a checkout, where npm links only the bins of dependencies. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binDir = join(root, 'node_modules', '.bin');

/** The link runs the Node that `npm ci` brings, since the system's may be too old, and works through further links. */
const SCRIPT = `#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
node=$bin/node
[ -x "$node" ] || node=node
exec "$node" "$bin/../../bin/tenement.js" "$@"
`;

// An installed dependency has no such directory, and npm creates the links itself.
if (existsSync(binDir)) {
  chmodSync(join(root, 'bin', 'tenement.js'), 0o755);
  for (const name of ['tenement', 'ten']) {
    const file = join(binDir, name);
    // Writing through a link that an earlier version made would change a file in bin/.
    rmSync(file, { force: true });
    writeFileSync(file, SCRIPT, { mode: 0o755 });
  }
}
