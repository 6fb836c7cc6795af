/** Which requests are sent again when a process dies. */
import { expect, it } from 'vitest';
import { serveAll, type TestServer } from './support.ts';

/** Services that differ in how they react to a crash, by their names in the tests. */
const SERVICES = {
  app: '',
  once: 'retry = false',
  never: 'restart = "never"',
  'on-failure': 'restart = "on-failure"',
  always: 'restart = "always"',
} as const;

const config = (workers: number) => `backoff_base_ms = 10
[proxy]
workers = ${workers}
domain = "localhost"
${Object.entries(SERVICES).map(serviceText).join('')}`;

function serviceText([name, keys]: [string, string]): string {
  return `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${keys}\n`;
}

/** An instance of a service for one test. */
interface Instance {
  readonly server: TestServer;
  readonly name: string;
  readonly host: string;
}

async function spawned(server: TestServer, id: string, service: keyof typeof SERVICES = 'app'): Promise<Instance> {
  await server.cli('spawn', service, '--id', id);
  return { server, name: `${service}:${id}`, host: `${id}.${service}.localhost` };
}

async function crashesOf({ server, name }: Instance): Promise<number> {
  const { body } = await server.api(`/api/events?instance=${name}`);
  return body.split('\n').filter((line) => line !== '' && JSON.parse(line).type === 'crashed').length;
}

/** The cases of a server with so many proxy workers. */
export function retryCases(workers: number): void {
  const running = serveAll(config(workers));

  it('a request that crashes its process is sent again once, and not at all when the client repeats it', async () => {
    const instance = await spawned(running(), 'page');
    const { server, host } = instance;
    for (const crashes of [2, 3, 4]) {
      expect((await server.get(host, '/crash')).status).toBe(502);
      expect((await server.get(host)).status).toBe(200);
      expect(await crashesOf(instance)).toBe(crashes);
    }
  });

  it.each(['PUT', 'DELETE', 'POST'])('a %s that crashes its process is not sent again', async (method) => {
    const instance = await spawned(running(), method.toLowerCase());
    const { server, host } = instance;
    expect((await server.get(host, '/crash', { method })).status).toBe(502);
    expect((await server.get(host)).status).toBe(200);
    expect(await crashesOf(instance)).toBe(1);
  });

  it('nothing is sent again with retry = false', async () => {
    const instance = await spawned(running(), 'page', 'once');
    expect((await instance.server.get(instance.host, '/crash')).status).toBe(502);
    // The exit may be noticed after the response; the next request waits for it.
    expect((await instance.server.get(instance.host)).status).toBe(200);
    expect(await crashesOf(instance)).toBe(1);
  });

  it.each(['never', 'on-failure', 'always'] as const)(
    'with restart = "%s" a crash fails no GET that was in flight',
    async (restart) => {
      const { server, host, name } = await spawned(running(), 'page', restart);
      const slow = Array.from({ length: 20 }, () => server.get(host, '/slow?ms=2000'));
      await expect.poll(async () => (await server.instance(name)).inFlight).toBe(20);
      expect((await server.get(host, '/crash', { method: 'POST' })).status).toBe(502);
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(slow.map(() => 200));
    },
  );
}
