/** A tenant made by copying the directory of another, as operators do to try something with its data. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { denied, type Finding, tell } from '../attempt.ts';
import { type Scene, spawnIn } from '../scene.ts';

export async function readAsTwin(scene: Scene): Promise<Finding> {
  const { server, victimDir, secret } = scene;
  execFileSync('cp', ['-a', victimDir, join(server.dataDir, 'twin')]);
  try {
    await spawnIn(scene, 'app', 'twin');
    const { state, reason } = await server.instance('app:twin');
    if (state !== 'ready') return denied(`it is not started: ${reason}`);
    return await tell(scene, 'read-file', { path: join(victimDir, 'secret.txt'), secret }, 'twin.localhost');
  } finally {
    await server.api('/api/instances/app:twin?purge=true', { method: 'DELETE' });
  }
}
