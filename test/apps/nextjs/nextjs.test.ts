import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { NODE } from '../needs.ts';

tryApplication({
  name: 'nextjs',
  needs: [NODE],

  async use(tenant) {
    await tenant.json('POST', '/api/notes', { text: 'only acme' });
    expect(await tenant.json('GET', '/api/notes')).toEqual(['only acme']);
    const { body } = await tenant.get('/');
    const [script = ''] = body.match(/\/_next\/static\/[^"]+\.js/) ?? [];
    expect((await tenant.ask(script)).headers['content-type']).toContain('javascript');
  },

  async has(tenant) {
    const { status, body } = await tenant.get('/');
    expect({ status, isOwn: body.includes(tenant.id) }).toEqual({ status: 200, isOwn: true });
    return body.includes('only acme');
  },
});
