import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import type { Tenant } from '../tenant.ts';
import { field } from '../visitor.ts';

const PASSWORD = 'correct horse battery';

/** Fetches a form of the administration, fills it in and sends it. */
async function submit(tenant: Tenant, path: string, fields: Record<string, string>): Promise<void> {
  const form = await tenant.get(path);
  const csrfmiddlewaretoken = field(form.body, 'csrfmiddlewaretoken');
  const answer = await tenant.postForm(path, { csrfmiddlewaretoken, ...fields });
  if (answer.status !== 302) throw new Error(`${path}: ${answer.status} ${answer.body}`);
}

for (const service of ['django', 'django-asgi']) {
  tryApplication({
    name: 'django',
    service,
    needs: [PYTHON],
    env: () => [`DJANGO_SECRET_KEY=${randomBytes(32).toString('hex')}`],

    async prepare(tenant) {
      const manage = ['venv/bin/python', 'manage.py'];
      await tenant.exec(...manage, 'migrate');
      const who = ['createsuperuser', '--noinput', '--username', 'ada', '--email', 'ada@example.com'];
      await tenant.exec('env', `DJANGO_SUPERUSER_PASSWORD=${PASSWORD}`, ...manage, ...who);
      await submit(tenant, '/admin/login/?next=/admin/', { username: 'ada', password: PASSWORD });
    },

    async use(tenant) {
      expect(await tenant.ask('/static/admin/css/base.css')).toMatchObject({ status: 200 });
      await submit(tenant, '/admin/auth/group/add/', { name: 'Editors of acme' });
    },

    async has(tenant) {
      const { body } = await tenant.get('/admin/auth/group/');
      expect(body, 'the login lasts').toContain('Select group to change');
      return body.includes('Editors of acme');
    },
  });
}
