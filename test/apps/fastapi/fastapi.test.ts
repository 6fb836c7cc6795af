import { once } from 'node:events';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';

tryApplication({
  name: 'fastapi',
  needs: [PYTHON],

  async use(tenant) {
    const live = await tenant.webSocket('/live');
    const told = once(live, 'message');
    await tenant.json('POST', '/notes', { text: 'only acme' });
    expect(String((await told)[0])).toBe('only acme');
    live.close();
    await once(live, 'close');
  },

  async has(tenant) {
    const notes = await tenant.json<{ text: string }[]>('GET', '/notes');
    return notes.some(({ text }) => text === 'only acme');
  },
});
