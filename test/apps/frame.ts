/**
 * What every application has to show, with the configuration of docs/applications.md: two tenants that requests wake, its
 * real use by one of them, nothing of it at the other, and all of it still there after sleep.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { InstanceView } from '../../src/core/verbs/verbs.ts';
import { isMissing } from '../e2e/fronts.ts';
import { serveFile, temporaryDirectory } from '../e2e/support.ts';
import { install, installationRoot, writeConfigFor } from './installation.ts';
import { missing, type Need } from './needs.ts';
import { Tenant } from './tenant.ts';

export interface Application {
  /** The application's directory in test/apps. */
  readonly name: string;
  /** Name of the service. Default: the same name. */
  readonly service?: string;
  readonly needs: readonly Need[];
  /** Starts a program that the application needs, such as a database server; the returned function ends it. */
  begin?(): Promise<() => void>;
  /** Keys of the service at this level. */
  keys?(level: string): string;
  /** Variables of one tenant, as `K=V` for `spawn --env`. */
  env?(tenantId: string): readonly string[];
  /** Sets up a new tenant as an operator and the first visitor do: the first administrator, the login. */
  prepare?(tenant: Tenant): Promise<void>;
  /** Uses the application as people do, and leaves data that only this tenant has. */
  use(tenant: Tenant): Promise<void>;
  /** Whether a visitor finds the data that `use` left. */
  has(tenant: Tenant): Promise<boolean>;
}

interface Level {
  readonly level: string;
  readonly keys: string;
  readonly lacks: string | null;
}

const LEVELS: readonly Level[] = [
  { level: 'process', keys: '', lacks: null },
  { level: 'namespace', keys: 'isolation = "namespace"', lacks: isMissing('bwrap') ? 'bubblewrap' : null },
  { level: 'sandbox', keys: 'isolation = "sandbox"', lacks: isMissing('runsc') ? 'runsc' : null },
  { level: 'suspend', keys: 'idle_action = "suspend"', lacks: null },
];

/** `TENEMENT_APPS_LEVELS=sandbox,suspend` tests other levels, which some applications do not support. */
const CHOSEN = (process.env['TENEMENT_APPS_LEVELS'] ?? 'process,namespace').split(',');

export function tryApplication(application: Application): void {
  const { name, service = name, needs } = application;
  const lacking = missing(needs);
  const reason = lacking.map(({ remedy }) => `, needs: ${remedy}`).join('');
  describe.skipIf(lacking.length > 0)(`${service}${reason}`, () => {
    let dir = '';
    beforeAll(() => {
      dir = install(name);
      return application.begin?.();
    });
    for (const { level, keys, lacks } of LEVELS.filter((each) => CHOSEN.includes(each.level))) {
      const title = `serves two tenants at ${level}, through sleep${lacks ? `, needs: apt-get install ${lacks}` : ''}`;
      it.skipIf(lacks !== null)(title, () => {
        const ofLevel = `${keys}\n${application.keys?.(level) ?? ''}`;
        return tryAt(application, writeConfigFor(name, dir, ofLevel), level);
      });
    }
  });
}

async function tryAt(application: Application, configFile: string, level: string): Promise<void> {
  const { service = application.name } = application;
  const server = await serveFile(configFile, temporaryDirectory());
  const register = (id: string) => Tenant.register(server, service, id, application.env?.(id) ?? []);
  const tenants = { acme: await register('acme'), globex: await register('globex') };
  try {
    await liveThrough(application, tenants, level);
  } catch (error) {
    const outputs = await Promise.all([tenants.acme.output(), tenants.globex.output()]);
    throw new Error(`${error}\nacme printed:\n${outputs[0]}\nglobex printed:\n${outputs[1]}`, { cause: error });
  }
}

async function liveThrough(
  application: Application,
  { acme, globex }: Record<'acme' | 'globex', Tenant>,
  level: string,
): Promise<void> {
  await application.prepare?.(acme);
  await application.prepare?.(globex);
  await application.use(acme);
  expect(await application.has(acme), 'acme has what it made').toBe(true);
  expect(await application.has(globex), 'globex has what acme made').toBe(false);
  const before = await measured(acme);
  await acme.sleep();
  const asleep = level === 'suspend' ? { state: 'suspended', pid: before.pid } : { state: 'asleep', pid: null };
  expect(await acme.view()).toMatchObject(asleep);
  expect(await application.has(acme), 'acme has after sleep what it made').toBe(true);
  const after = await acme.view();
  expect(after).toMatchObject({ state: 'ready', restarts: 0 });
  expect(after.wakes).toBeGreaterThan(before.wakes);
  expect(await globex.view()).toMatchObject({ restarts: 0 });
  note({ application: acme.instance, level, memoryBytes: before.memoryBytes, lastWakeMs: after.lastWakeMs });
}

/** The usage is read every few seconds. */
async function measured(tenant: Tenant): Promise<InstanceView> {
  await expect.poll(async () => (await tenant.view()).memoryBytes).not.toBeNull();
  return tenant.view();
}

/** Prints the figures for docs/applications.md. */
function note(figures: object): void {
  appendFileSync(join(installationRoot(), 'figures.jsonl'), `${JSON.stringify(figures)}\n`);
}
