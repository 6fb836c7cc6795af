import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { debianPackage, program } from '../needs.ts';

tryApplication({
  name: 'sinatra',
  needs: [program('puma', 'puma'), debianPackage('ruby-sinatra')],
  env: () => [`SESSION_SECRET=${randomBytes(64).toString('hex')}`],

  async use(tenant) {
    const answer = await tenant.postForm('/', { name: 'Ada', text: 'only acme' });
    expect(answer.status, answer.body).toBe(303);
    expect((await tenant.get('/')).body, 'the session').toContain('You: Ada');
  },

  async has(tenant) {
    return (await tenant.get('/')).body.includes('only acme');
  },
});
