import { expect, test } from 'vitest';
import { type ServiceUnit, type UnitRequirements, unitWarnings } from '../../../src/core/service/service-unit.ts';
import { SHIPPED_UNIT } from '../../fixtures/service-unit.ts';

const OWN_UNIT = '/sys/fs/cgroup/tenement.slice/tenement-tenants.service';

const unit = (changed: Partial<ServiceUnit> = {}): ServiceUnit => ({ ...SHIPPED_UNIT, ...changed });

function tenancy(changed: Partial<UnitRequirements> = {}): UnitRequirements {
  const { cgroupRoot = OWN_UNIT, ...others } = changed;
  const dirs = { dataDir: '/var/lib/tenement', socketDirs: ['/run/tenement'] };
  return { onExit: 'keep', cgroupRoot, rootLack: null, isV2: true, ...dirs, ...others };
}

const single = (changed: Partial<UnitRequirements> = {}) => tenancy({ ...changed, cgroupRoot: null });

test('the units that tenement ships give no warning', () => {
  expect(unitWarnings(unit(), tenancy())).toEqual([]);
});

test.each(['mixed', 'control-group'])("KillMode=%s ends kept tenants in the unit's own cgroup", (killMode) => {
  const delegated = unit({ delegated: true, killMode });
  expect(unitWarnings(delegated, single())).toEqual([
    expect.stringMatching(new RegExp(`^on_exit = "keep" does not hold: tenement.service has KillMode=${killMode}`)),
  ]);
  expect(unitWarnings(delegated, single({ onExit: 'stop' }))).toEqual([]);
});

test.each(['keep', 'stop'] as const)(
  'a unit with KillMode=process cannot start again beside a tenant, on_exit = "%s"',
  (onExit) => {
    const warnings = unitWarnings(unit({ delegated: true, killMode: 'process' }), single({ onExit }));
    expect(warnings).toEqual([expect.stringContaining('219/CGROUP')]);
  },
);

test('a unit with a leaf for the server, with version 1, or of a user without a delegated cgroup can start again', () => {
  const process = { killMode: 'process' };
  expect(unitWarnings(unit({ ...process, delegated: true, subgroup: 'tenement-server' }), single())).toEqual([]);
  // In any other subgroup the server divides its cgroup again.
  expect(unitWarnings(unit({ ...process, delegated: true, subgroup: 'main' }), single())).toHaveLength(1);
  expect(unitWarnings(unit({ ...process, delegated: true }), single({ isV2: false }))).toEqual([]);
  expect(unitWarnings(unit({ ...process, user: 'tenement' }), single())).toEqual([]);
});

test('tenants that cannot be moved to cgroup_root end with the server, and the reason is told', () => {
  const lack = 'no cgroups are mounted here';
  expect(unitWarnings(unit(), tenancy({ rootLack: lack }))).toEqual([
    'on_exit = "keep" does not hold: tenants cannot be moved to cgroup_root, and tenement.service has KillMode=mixed, ' +
      `by which systemd ends every tenant with the server; ${lack}`,
  ]);
  expect(unitWarnings(unit(), tenancy({ rootLack: lack, onExit: 'stop' }))).toEqual([]);
});

test('a cgroup_root inside the unit ends with the unit', () => {
  const inside = tenancy({ cgroupRoot: '/sys/fs/cgroup/system.slice/tenement.service/tenants' });
  expect(unitWarnings(unit({ delegated: true }), inside)).toEqual([expect.stringContaining('KillMode=mixed')]);
});

test('root gets a warning about dividing a cgroup that is not delegated', () => {
  expect(unitWarnings(unit(), single({ onExit: 'stop' }))).toEqual([expect.stringContaining('no Delegate=yes')]);
});

test('a runtime directory that is removed with the server takes the sockets of kept tenants', () => {
  const runtime = unit({ runtimeDirs: ['/run/other', '/run/tenement'] });
  expect(unitWarnings(runtime, tenancy())).toEqual([
    expect.stringMatching(/RuntimeDirectoryPreserve=no.*removes \/run\/tenement .*RuntimeDirectoryPreserve=yes/),
  ]);
  expect(unitWarnings({ ...runtime, keepsRuntimeDirs: 'restart' }, tenancy())).toHaveLength(1);
  // A crash is followed by a restart, and a stop by an operator ends the tenants, too.
  expect(unitWarnings({ ...runtime, keepsRuntimeDirs: 'restart' }, tenancy({ onExit: 'stop' }))).toEqual([]);
  expect(unitWarnings({ ...runtime, keepsRuntimeDirs: 'yes' }, tenancy())).toEqual([]);
  expect(unitWarnings(runtime, tenancy({ socketDirs: ['/run/tenement-2'] }))).toEqual([]);
});

test('a private /tmp hides sockets and loses data', () => {
  const own = unit({ privateTmp: true });
  expect(unitWarnings(own, tenancy({ socketDirs: ['/tmp'] }))).toEqual([
    expect.stringMatching(/PrivateTmp=yes.* \/tmp,/),
  ]);
  expect(unitWarnings(own, tenancy({ dataDir: '/var/tmp/data' }))).toHaveLength(1);
  expect(unitWarnings(own, tenancy())).toEqual([]);
});
