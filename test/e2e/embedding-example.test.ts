/** The example of docs/embedding.md, with a hypervisor of the test's own. */
import { once } from 'node:events';
import { get, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Hypervisor } from '../../src/hypervisor.ts';

const DIR = fileURLToPath(new URL('../../examples/signup-fastify', import.meta.url));

it('a customer signs up at a route of Fastify, and is served by the same server', async () => {
  const hypervisor = await Hypervisor.temporary({ file: `${DIR}/tenement.toml` });
  onTestFinished(() => hypervisor.close({ drainTimeoutMs: 0 }));
  const { startServer } = await import(`${DIR}/server.js`);
  const app = await startServer(hypervisor, 0);
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const signUp = async (company: string) => {
    const headers = { 'content-type': 'application/json' };
    const call = request({ port, method: 'POST', path: '/signup', agent: false, headers });
    call.end(JSON.stringify({ company }));
    const [answer] = await once(call, 'response');
    return { status: answer.statusCode, body: JSON.parse(await text(answer)) };
  };
  expect(await signUp('acme')).toMatchObject({ status: 201, body: { url: expect.stringContaining('acme.localhost') } });
  expect(await signUp('No!')).toMatchObject({ status: 400, body: { code: 'bad_id' } });
  const [answer] = await once(
    get({ port, path: '/health', agent: false, headers: { host: 'acme.localhost' } }),
    'response',
  );
  expect(answer.statusCode).toBe(200);
});
