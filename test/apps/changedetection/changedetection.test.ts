import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

/** The watched page, served by this machine. */
const site = createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(`<html><body><p>The page ${request.url}</p></body></html>`);
});
const page = (path: string) => `http://127.0.0.1:${(site.address() as AddressInfo).port}${path}`;

beforeAll(async () => {
  await once(site.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => void site.close());

interface Watch {
  readonly url: string;
  readonly last_checked: number;
}

async function key(tenant: Tenant): Promise<Record<string, string>> {
  const settings = JSON.parse(await tenant.exec('sh', '-c', 'cat "$DATA_DIR/datastore/changedetection.json"'));
  return { 'x-api-key': settings.settings.application.api_access_token };
}

const watches = async (tenant: Tenant) =>
  tenant.json<Record<string, Watch>>('GET', '/api/v1/watch', undefined, await key(tenant));

tryApplication({
  name: 'changedetection',
  needs: [PYTHON],
  // changedetection.io watches no address of its own network by default.
  env: () => ['ALLOW_IANA_RESTRICTED_ADDRESSES=true'],

  async prepare(tenant) {
    const command = 'venv/bin/changedetection.io -C -d "$DATA_DIR/datastore" -b -u "$0"';
    await tenant.exec('sh', '-c', command, page('/first'));
  },

  async use(tenant) {
    const form = await tenant.get('/');
    expect(form.body).toContain('/first');
    const body = { url: page('/only-acme') };
    const { uuid } = await tenant.json<{ uuid: string }>('POST', '/api/v1/watch', body, await key(tenant));
    const isChecked = async () => ((await watches(tenant))[uuid]?.last_checked ?? 0) > 0;
    while (!(await isChecked())) await delay(500);
    const latest = await tenant.ask(`/api/v1/watch/${uuid}/history/latest`, { headers: await key(tenant) });
    expect(latest.body).toContain('The page /only-acme');
  },

  async has(tenant) {
    return Object.values(await watches(tenant)).some(({ url }) => url === page('/only-acme'));
  },
});
