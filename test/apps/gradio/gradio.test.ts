import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

/** Calls the function as Gradio's own page does: the call is queued, and its result comes as server-sent events. */
async function call(tenant: Tenant, name: string, data: readonly unknown[]): Promise<string> {
  const path = `/gradio_api/call/${name}`;
  const { event_id: id } = await tenant.json<{ event_id: string }>('POST', path, { data });
  const { status, body } = await tenant.ask(`${path}/${id}`);
  expect(status, body).toBe(200);
  expect(body).toContain('event: complete');
  return body;
}

tryApplication({
  name: 'gradio',
  needs: [PYTHON],

  async use(tenant) {
    const { body } = await tenant.get('/');
    expect(body, 'its address').toContain(tenant.origin);
    expect(await call(tenant, 'add', ['only acme'])).toContain('only acme');
  },

  async has(tenant) {
    return (await call(tenant, 'read', [])).includes('only acme');
  },
});
