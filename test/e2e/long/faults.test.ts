/**
 * A throw inside each of the callbacks that the operating system calls: the server goes on, others notice nothing, the
 * tenant that it happened to serves again, and nothing hangs. With TENEMENT_SWEEP=1 one callback after the other, in
 * both modes; else many in a round.
 */
import { expect, it } from 'vitest';
import { isRunning } from '../support.ts';
import { FaultyServer, type Mode, type Sites } from './faults/faulty-server.ts';
import { useAll } from './faults/uses.ts';

const SWEEP = process.env['TENEMENT_SWEEP'] === '1';
/** Callbacks that throw in one round. */
const A_ROUND = Number(process.env['TENEMENT_SWEEP_ROUND'] ?? (SWEEP ? 1 : 24));
const MODES = (process.env['TENEMENT_SWEEP_MODES'] ?? (SWEEP ? 'after,before' : 'after')).split(',') as Mode[];

interface Variant {
  readonly title: string;
  readonly workers: number;
  readonly idleAction: 'stop' | 'suspend';
}

const VARIANTS: readonly Variant[] = [
  { title: 'one process that stops its instances', workers: 1, idleAction: 'stop' },
  { title: 'proxy workers, and instances that are suspended', workers: 2, idleAction: 'suspend' },
];

const config = ({ workers, idleAction }: Variant) => `max_restarts = 1000
backoff_base_ms = 50
backoff_max_ms = 100
health_check_interval = 1
[proxy]
workers = ${workers}
[service.app]
idle_action = "${idleAction}"
command = "node {fixtures}/tenant.mjs"
health = "/health"
idle_timeout = 3600
drain_timeout = 2
stop_timeout = 5
startup_timeout = 20
request_timeout = 3
`;

/** Sends the bystander's requests in turn; the returned function stops them and returns how many failed. */
function steadily(server: FaultyServer): () => Promise<number> {
  let failed = 0;
  let over = false;
  const ask = async () => (await server.get('bystander.localhost')).status === 200;
  const asking = (async () => {
    while (!over) if (!(await ask().catch(() => false))) failed += 1;
  })();
  return async () => {
    over = true;
    await asking;
    return failed;
  };
}

/** Expects that the instance serves a new request, and that nothing of earlier ones is left. */
async function isSoundAgain(server: FaultyServer): Promise<void> {
  await expect.poll(async () => (await server.get('victim.localhost')).status).toBe(200);
  await expect
    .poll(async () => {
      const { state, inFlight, openStreams } = await server.instance('app:victim');
      return { state, inFlight, openStreams };
    })
    .toEqual({ state: 'ready', inFlight: 0, openStreams: 0 });
}

const called = (sites: Sites) => Object.keys(sites).filter((site) => (sites[site]?.calls ?? 0) > 0);

const thrownIn = (sites: Sites) => Object.values(sites).reduce((sum, one) => sum + one.thrown, 0);

function rounds(sites: Sites): Record<string, Mode>[] {
  const all = MODES.flatMap((mode) => called(sites).map((site) => [site, mode] as const));
  return Array.from({ length: Math.ceil(all.length / A_ROUND) }, (_, index) =>
    Object.fromEntries(all.slice(index * A_ROUND, (index + 1) * A_ROUND)),
  );
}

const TIMEOUT_MS = SWEEP ? 3_600_000 : 300_000;

it.each(VARIANTS)(
  'a server continues after an exception in each of the callbacks of $title',
  { timeout: TIMEOUT_MS },
  async (variant) => {
    const server = await FaultyServer.start(config(variant));
    const { pid } = server;
    for (const id of ['victim', 'bystander']) expect((await server.api(`/spawn/app/--id=${id}`)).status).toBe(201);
    await useAll(server, 'victim');
    const sites = await server.arm({});
    expect(called(sites).length).toBeGreaterThan(40);
    let thrown = 0;
    for (const arm of rounds(sites)) {
      const stop = steadily(server);
      await server.arm(arm);
      await useAll(server, 'victim');
      await server.arm({});
      await isSoundAgain(server);
      // A callback that all tenants share may have failed in a request of this tenant, and in no other.
      const before = thrown;
      thrown = thrownIn(await server.arm({}));
      expect(await stop(), `failed requests of others, of ${Object.keys(arm)}`).toBeLessThanOrEqual(thrown - before);
      expect(isRunning(pid)).toBe(true);
    }
    expect(thrown).toBeGreaterThan(30);
    // Workers tell of theirs a moment later.
    await expect.poll(() => server.faults()).toBeGreaterThanOrEqual(thrown);
    for (const id of ['victim', 'bystander']) {
      await server.api(`/api/instances/app:${id}/sleep`, { method: 'POST' });
      expect((await server.instance(`app:${id}`)).state).toBe(variant.idleAction === 'stop' ? 'asleep' : 'suspended');
    }
    expect(await server.stop('SIGINT')).toBe(0);
  },
);
