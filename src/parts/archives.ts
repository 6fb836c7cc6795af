/** The archives of a server. Their code, and what it needs, are loaded for the first copy of a tenant. */

import type { Archives, OpenArchives } from '../core/archive/copies.ts';
import { lazy } from '../core/lazy.ts';
import type { Copying } from '../process/processes.ts';

export function lazyArchives(options: Copying): OpenArchives {
  return lazy(() => open(options));
}

async function open(options: Copying): Promise<Archives> {
  const [{ ProcessCopies }, { headOf, plainHeadOf, readHead }, { readPlain }, { openSecrets, sealSecrets }] =
    await Promise.all([
      import('../archive/tenant-copies.ts'),
      import('../archive/head.ts'),
      import('../archive/plain-head.ts'),
      import('../archive/secrets.ts'),
    ]);
  const heads = { headOf, read: readHead, plainHeadOf, readPlain };
  return Object.assign(new ProcessCopies(options), { ...heads, openSecrets, sealSecrets });
}
