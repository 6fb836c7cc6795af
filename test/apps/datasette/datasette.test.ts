import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import { field } from '../visitor.ts';

tryApplication({
  name: 'datasette',
  needs: [PYTHON],

  async prepare(tenant) {
    const table = [
      'create-table',
      `${tenant.server.dataDir}/${tenant.id}/data.db`,
      'notes',
      'id',
      'integer',
      'text',
      'text',
    ];
    await tenant.exec('venv/bin/sqlite-utils', ...table, '--pk=id');
  },

  async use(tenant) {
    const form = await tenant.get('/data/add_note');
    const csrftoken = field(form.body, 'csrftoken');
    const answer = await tenant.postForm('/data/add_note', { csrftoken, text: 'only acme' });
    expect(answer.status, answer.body).toBe(302);
  },

  async has(tenant) {
    const rows = await tenant.json<{ text: string }[]>('GET', '/data/notes.json?_shape=array');
    return rows.some(({ text }) => text === 'only acme');
  },
});
