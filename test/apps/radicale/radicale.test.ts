import { tryApplication } from '../frame.ts';
import { PYTHON, program } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const CALENDAR = '/ada/work/';
const LOGIN = { authorization: `Basic ${btoa('ada:correct horse')}` };
const EVENT = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//tenement//test//EN', 'BEGIN:VEVENT', 'UID:board-1'],
  ...['DTSTAMP:20260101T100000Z', 'DTSTART:20260102T100000Z', 'DTEND:20260102T110000Z', 'SUMMARY:Board of acme'],
  ...['END:VEVENT', 'END:VCALENDAR', ''],
].join('\r\n');

async function expectStatus(tenant: Tenant, method: string, path: string, body: string, status: number): Promise<void> {
  const answer = await tenant.ask(path, { method, headers: { ...LOGIN, 'content-type': 'text/calendar' }, body });
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
}

tryApplication({
  name: 'radicale',
  needs: [PYTHON, program('openssl', 'openssl')],

  async prepare(tenant) {
    await tenant.exec('sh', '-c', 'echo "ada:$(openssl passwd -6 "correct horse")" >> ~/users');
  },

  async use(tenant) {
    const calendar =
      '<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>' +
      '<D:displayname>Work</D:displayname></D:prop></D:set></C:mkcalendar>';
    await expectStatus(tenant, 'MKCALENDAR', CALENDAR, calendar, 201);
    await expectStatus(tenant, 'PUT', `${CALENDAR}board.ics`, EVENT, 201);
  },

  async has(tenant) {
    const { status, body } = await tenant.ask(`${CALENDAR}board.ics`, { headers: LOGIN });
    return status === 200 && body.includes('SUMMARY:Board of acme');
  },
});
