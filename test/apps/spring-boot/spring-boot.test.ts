import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { JAVA } from '../needs.ts';

const BOUNDARY = 'a-boundary';
const FILE = 'x'.repeat(4 * 1024 * 1024);
/** A size beyond what Tomcat keeps in memory. */
const FORM = [
  ...[`--${BOUNDARY}`, 'Content-Disposition: form-data; name="file"; filename="acme.txt"', '', FILE],
  ...[`--${BOUNDARY}--`, ''],
].join('\r\n');

tryApplication({
  name: 'spring-boot',
  needs: [JAVA],

  async use(tenant) {
    await tenant.json('POST', '/notes', { text: 'only acme' });
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const { status, body } = await tenant.ask('/upload', { method: 'POST', headers, body: FORM });
    expect({ status, ...JSON.parse(body) }).toEqual({ status: 200, name: 'acme.txt', bytes: FILE.length });
    expect(await tenant.json('GET', '/url')).toEqual({ url: `${tenant.origin}/url` });
  },

  async has(tenant) {
    const notes = await tenant.json<{ text: string }[]>('GET', '/notes');
    return notes.some(({ text }) => text === 'only acme');
  },
});
