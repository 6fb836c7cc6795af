/** A library of the tenant's own in the configured directory of libraries: which program loads it? */
import { join } from 'node:path';
import { denied, done, type Finding, tell } from '../attempt.ts';
import { type Scene, spawnIn } from '../scene.ts';

/** glibc begins the line with the program's name. */
const COMPLAINT = /^(.*): error while loading shared libraries/m;

/** The tenant's program may load it. Programs that enter the cgroup, the user or the namespace run before that. */
export async function startWithOwnLibrary(scene: Scene): Promise<Finding> {
  const { server } = scene;
  const instance = 'loads:loader';
  try {
    await spawnIn(scene, 'loads', 'loader');
    await tell(
      scene,
      'leave-library',
      { path: join(server.dataDir, 'loader/lib/libc.so.6') },
      'loader.loads.localhost',
    );
    await server.api(`/api/instances/${instance}/restart`, { method: 'POST' });
    const { lastExit } = await server.instance(instance);
    const said = lastExit?.lastLines.join('\n') ?? '';
    const program = COMPLAINT.exec(said)?.[1];
    if (program === undefined) throw new Error(`nothing was loaded: ${said}`);
    return program === join(server.dir, 'app/node') ? denied(`only ${program} loads it`) : done(`${program} loads it`);
  } finally {
    await server.api(`/api/instances/${instance}?purge=true`, { method: 'DELETE' });
  }
}
