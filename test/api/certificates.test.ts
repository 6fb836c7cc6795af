import { expect, it } from 'vitest';
import { certificateView } from './fake-certificates.ts';
import { post, runningApi } from './running.ts';

it('certificates are listed, all or those of a tenant', async () => {
  const { call, certificates } = await runningApi();
  certificates.views = [certificateView('shop.acme.org'), certificateView('*.apps.test', { tenant: null })];
  expect(JSON.parse((await call('/api/certificates')).text).certificates).toEqual(certificates.views);
  const ofAcme = JSON.parse((await call('/api/certificates?tenant=acme')).text);
  expect(ofAcme.certificates.map(({ name }: { name: string }) => name)).toEqual(['shop.acme.org']);
});

it('a certificate is ordered by its name, in any case, or that of a wildcard', async () => {
  const { call, certificates } = await runningApi();
  expect((await call('/api/certificates/Shop.Acme.org/renew', post({}))).status).toBe(200);
  expect((await call(`/api/certificates/${encodeURIComponent('*.apps.test')}/renew`, post({}))).status).toBe(200);
  expect(certificates.renewed).toEqual(['shop.acme.org', '*.apps.test']);
});

it('a token of a tenant sees and renews the certificates of that tenant alone', async () => {
  const { call, certificates, tokenStore } = await runningApi('token');
  certificates.views = ['acme', 'globex', null].map((tenant) => certificateView(`${tenant}.test`, { tenant }));
  const { token } = await tokenStore.make({ scope: 'tenant:acme', can: ['read', 'manage'] });
  const headers = { authorization: `Bearer ${token}` };
  const { text } = await call('/api/certificates', { headers });
  expect(JSON.parse(text).certificates.map(({ name }: { name: string }) => name)).toEqual(['acme.test']);
  const renew = async (name: string) =>
    (await call(`/api/certificates/${name}/renew`, { ...post({}), headers: { ...post({}).headers, ...headers } }))
      .status;
  expect([await renew('acme.test'), await renew('globex.test'), await renew('null.test')]).toEqual([200, 404, 404]);
});
