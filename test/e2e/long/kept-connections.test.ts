/** A host program's own proxy that keeps its connections to the public socket of an instance. */
import { Agent } from 'node:http';
import { Pool } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askSocket } from '../clients.ts';
import { type Answered, constantLoad } from '../constant-load.ts';
import { loadHypervisor } from '../hypervisors.ts';

/** A drain until its time-out would take longer than the test. */
const CONFIG = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\ndrain_timeout = "10m"\n';

const CLIENTS: [string, (socketPath: string) => () => Promise<Answered>][] = [
  ['undici’s Pool', poolTo],
  ['http.Agent', agentTo],
];

function poolTo(socketPath: string): () => Promise<Answered> {
  const pool = new Pool('http://x', { socketPath, connections: 4 });
  onTestFinished(() => pool.destroy());
  return async () => {
    const { statusCode: status, body } = await pool.request({ path: '/', method: 'GET' });
    return { status, body: await body.text() };
  };
}

function agentTo(socketPath: string): () => Promise<Answered> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  return () => askSocket(socketPath, '/', { agent });
}

/** A registered instance, and the path of its public socket. */
async function registered(start: boolean) {
  const hypervisor = await loadHypervisor(CONFIG);
  const { socketPath } = await hypervisor.spawn('app', 'acme', { start });
  return { hypervisor, socketPath: socketPath ?? '' };
}

const pidsIn = (answers: readonly Answered[]) =>
  new Set(answers.filter(({ status }) => status === 200).map(({ body }) => JSON.parse(body).pid));

describe.each(CLIENTS)('%s', (_name, clientOf) => {
  it('whose connections woke an instance loses nothing through restarts and sleeps (bug: 30 s each, 1 in 4,700)', async () => {
    const { hypervisor, socketPath } = await registered(false);
    const load = constantLoad(4, clientOf(socketPath));
    for (const verb of ['restart', 'sleep', 'restart', 'sleep'] as const) {
      await load.more(50);
      await hypervisor[verb]('app:acme');
    }
    await load.more(50);
    const { answers, failures } = await load.end();
    expect(failures).toEqual([]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(pidsIn(answers).size).toBe(5);
  });

  it('whose connections woke an instance is refused from its stop on (bug: 1,200 more were served)', async () => {
    const { hypervisor, socketPath } = await registered(false);
    const load = constantLoad(4, clientOf(socketPath));
    await load.more(50);
    await hypervisor.stop('app:acme');
    await load.more(50);
    const { answers, failures } = await load.end();
    expect(failures).toEqual([]);
    const last = answers.slice(-30);
    expect(last.map(({ status }) => status)).toEqual(last.map(() => 503));
    expect(JSON.parse(last[0]?.body ?? '').code).toBe('stopped');
  });

  it('connected directly to a process does not make its end wait for drain_timeout', async () => {
    const { hypervisor, socketPath } = await registered(true);
    const load = constantLoad(4, clientOf(socketPath));
    await load.more(50);
    await hypervisor.restart('app:acme');
    await load.more(50);
    await hypervisor.stop('app:acme');
    await load.more(50);
    const { answers } = await load.end();
    expect(pidsIn(answers).size).toBe(2);
    expect(answers.at(-1)?.status).toBe(503);
  });
});
