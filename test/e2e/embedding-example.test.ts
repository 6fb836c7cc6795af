/** The examples of docs/embedding.md, each with a hypervisor of the test's own. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Hypervisor } from '../../src/hypervisor.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

it('the tests of the sign-up route pass under node --test', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const cwd = join(EXAMPLES, 'signup-fastify');
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
    cwd,
    env,
    encoding: 'utf8',
  });
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('\n# pass 3\n');
});

describe.each(['handler.js', 'claim.js'])('examples/own-proxy/%s', (file) => {
  const ofAcme = { authorization: 'Bearer key-of-acme' };

  async function startProxy() {
    const hypervisor = await Hypervisor.temporary({ file: join(EXAMPLES, 'own-proxy/tenement.toml') });
    onTestFinished(() => hypervisor.close({ drainTimeoutMs: 0 }));
    const example = await import(join(EXAMPLES, 'own-proxy', file));
    const server = example.startProxy(hypervisor, 0);
    onTestFinished(() => server.close());
    await once(server, 'listening');
    return { hypervisor, port: (server.address() as AddressInfo).port };
  }

  async function post(port: number, body: string, headers = {}) {
    const outgoing = request({ port, method: 'POST', agent: false, headers });
    outgoing.end(body);
    const [response] = await once(outgoing, 'response');
    return { status: response.statusCode, body: await text(response) };
  }

  it('forwards a request to the process of its customer, wakes it, and counts the request', async () => {
    const { hypervisor, port } = await startProxy();
    expect(await post(port, 'hello', ofAcme)).toEqual({ status: 200, body: 'acme: hello\n' });
    await hypervisor.sleep('app:acme');
    expect(await post(port, 'again', ofAcme)).toEqual({ status: 200, body: 'acme: again\n' });
    const ofGlobex = { authorization: 'Bearer key-of-globex' };
    expect(await post(port, 'hello', ofGlobex)).toEqual({ status: 200, body: 'globex: hello\n' });
    // The proxy releases a request after its client has read the response. Usage is collected once a second.
    await vi.waitFor(() => expect(hypervisor.getInstance('app:acme').inFlight).toBe(0), 60_000);
    await vi.waitFor(() => expect(hypervisor.tenants.get('acme').requestsThisMonth).toBe(2), 60_000);
    const { usage } = await hypervisor.usage({ tenant: 'acme' });
    expect(usage).toMatchObject([{ requests: 2, errors: 0 }]);
    expect(usage[0]?.egressBytes).toBeGreaterThanOrEqual('acme: hello\nacme: again\n'.length);
  });

  it('passes WebSockets on, which end with their instance, and refuses those of nobody', async () => {
    const { hypervisor, port } = await startProxy();
    const url = `ws://127.0.0.1:${port}/`;
    const socket = new WebSocket(url, { headers: ofAcme });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('acme: hello');
    expect(hypervisor.getInstance('app:acme').openStreams).toBe(1);
    const closed = once(socket, 'close');
    await hypervisor.stop('app:acme');
    await closed;
    for (const [headers, status] of [
      [{}, 401],
      [ofAcme, 503],
    ] as const) {
      const [, response] = await once(new WebSocket(url, { headers }), 'unexpected-response');
      expect(response.statusCode).toBe(status);
    }
  });

  it('refuses requests without a key, and of a customer that is stopped', async () => {
    const { hypervisor, port } = await startProxy();
    expect((await post(port, '')).status).toBe(401);
    await hypervisor.stop('app:acme');
    expect((await post(port, '', ofAcme)).status).toBe(503);
  });
});
