/** A real server takes up what one that was killed had begun on a tenant. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/registry/database.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';
import { serve } from './support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

it('a purge that a killed server had written down is completed at the next start', async () => {
  const server = await serve(APP);
  for (const id of ['acme', 'globex']) await server.api(`/spawn/app/--id=${id}`);
  for (const id of ['acme', 'globex']) await server.cli('sleep', `app:${id}`);
  const dirOf = (id: string) => join(server.dataDir, id);
  expect(existsSync(dirOf('acme'))).toBe(true);
  await server.stop('SIGKILL');

  const file = join(server.dataDir, '.tenement/tenement.db');
  const database = openDatabase(file);
  const operation = {
    kind: 'delete',
    step: 'files',
    startedAtMs: Date.now(),
    service: 'app',
    withDirectory: true,
  } as const;
  createTenantStore(database).commit({ tenantId: 'acme', removeInstance: 'app', operation });
  database.close();

  await server.start();
  expect([existsSync(dirOf('acme')), existsSync(dirOf('globex'))]).toEqual([false, true]);
  expect((await server.get('acme.localhost')).status).toBe(404);
  expect((await server.get('globex.localhost')).status).toBe(200);
  const after = openDatabase(file);
  const tenants = createTenantStore(after);
  expect(tenants.list().map(({ id }) => id)).toEqual(['globex']);
  expect(tenants.unfinished()).toEqual([]);
  after.close();
});
