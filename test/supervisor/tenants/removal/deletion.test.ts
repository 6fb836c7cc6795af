import { describe, expect, it } from 'vitest';
import { ready, settle, type World, world } from '../../fakes.ts';

/** The next server has only what an interrupted one has written. */
function restarted(before: World): World {
  const made = world({}, {}, { records: [...before.saved.values()] });
  made.tenants.records.clear();
  for (const record of before.tenants.list()) made.tenants.records.set(record.id, record);
  for (const { tenantId, operation } of before.tenants.unfinished()) made.tenants.operations.set(tenantId, operation);
  return made;
}

/** A purge that stops at the step that never settles. */
async function interruptedAt(step: 'removeLogs' | 'deleteTenantDir'): Promise<World> {
  const made = world();
  await ready(made);
  made[step] = () => new Promise<void>(() => {});
  void made.supervisor.remove('api:acme', { purge: true });
  await settle();
  return made;
}

describe('a purge of a server that is killed', () => {
  it.each(['removeLogs', 'deleteTenantDir'] as const)('at %s is completed by the next one', async (step) => {
    const before = await interruptedAt(step);
    expect([before.saved.size, before.tenants.unfinished().length]).toEqual([0, 1]);
    const made = restarted(before);
    const done: string[] = [];
    made.removeLogs = async (instance) => void done.push(`logs of ${instance}`);
    made.deleteTenantDir = async (tenantId) => void done.push(`directory of ${tenantId}`);
    await made.supervisor.open();
    expect(done).toEqual(['logs of api:acme', 'directory of acme']);
    expect([made.tenants.list(), made.tenants.unfinished()]).toEqual([[], []]);
  });

  it('that cannot be completed keeps the record and delays nothing else', async () => {
    const made = restarted(await interruptedAt('deleteTenantDir'));
    made.deleteTenantDir = () => Promise.reject(new Error('a file system is mounted there'));
    await made.supervisor.open();
    expect(made.tenants.list()).toHaveLength(1);
    expect(made.tenants.unfinished()).toEqual([]);
    expect(await made.supervisor.spawn('api', 'acme', { start: false })).toMatchObject({ created: true });
  });
});

it('a purge whose end cannot be written is not repeated once the tenant is registered again', async () => {
  const made = world();
  await ready(made);
  made.deleteTenantDir = async () => {
    made.failSave = true;
  };
  await made.supervisor.remove('api:acme', { purge: true });
  made.failSave = false;
  expect(made.tenants.unfinished()).toHaveLength(1);
  await made.supervisor.spawn('api', 'acme', { start: false });
  expect(made.tenants.unfinished()).toEqual([]);
});
