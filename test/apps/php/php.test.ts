import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { debianPackage, program } from '../needs.ts';

const BOUNDARY = 'a-boundary';
const PICTURE = 'x'.repeat(1024 * 1024);
/** A form with a file, which PHP keeps in a temporary directory before handing it over. */
const FORM = [
  ...[`--${BOUNDARY}`, 'Content-Disposition: form-data; name="text"', '', 'only acme'],
  ...[`--${BOUNDARY}`, 'Content-Disposition: form-data; name="picture"; filename="acme.png"', '', PICTURE],
  ...[`--${BOUNDARY}--`, ''],
].join('\r\n');

tryApplication({
  name: 'php',
  needs: [program('php', 'php-cli'), debianPackage('php-sqlite3')],

  async use(tenant) {
    await tenant.get('/');
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const answer = await tenant.ask('/', { method: 'POST', headers, body: FORM });
    expect(answer.status, answer.body).toBe(302);
    expect((await tenant.get('/')).body, 'the session').toContain('You wrote 1.');
    expect(Number(await tenant.exec('sh', '-c', 'wc -c < "$DATA_DIR/picture"'))).toBe(PICTURE.length);
  },

  async has(tenant) {
    return (await tenant.get('/')).body.includes('only acme');
  },
});
