import { expect, test } from 'vitest';
import { childEnvironment, type EnvironmentParts } from '../../../src/process/launch/environment.ts';

const PARTS: EnvironmentParts = {
  base: { PATH: '/bin', SECRET: 's', AWS_REGION: 'eu-1', HOME: '/root', TZ: 'Asia/Tokyo' },
  inherit: [],
  service: {},
  tenant: {},
  secrets: {},
  secretsDir: null,
  plan: null,
  tenantId: 'acme',
  serviceName: 'api',
  tenantDir: '/data/acme',
  tmpDir: '/data/acme/.tmp',
  bindSocket: '/run/s',
  selfSocket: null,
  port: null,
};

test('a child gets exactly the documented variables', () => {
  expect(childEnvironment(PARTS)).toEqual({
    PATH: '/bin',
    HOME: '/data/acme',
    LANG: 'C.UTF-8',
    TZ: 'Asia/Tokyo',
    TMPDIR: '/data/acme/.tmp',
    TENANT_ID: 'acme',
    SERVICE_NAME: 'api',
    DATA_DIR: '/data/acme',
    SOCKET_PATH: '/run/s',
  });
});

test('PORT is set only where the application listens on a port', () => {
  expect(childEnvironment(PARTS)).not.toHaveProperty('PORT');
  expect(childEnvironment({ ...PARTS, port: 4000 })).toMatchObject({ PORT: '4000' });
});

test('TZ falls back to the zone of the process, PATH to the usual directories', () => {
  const { TZ, PATH } = childEnvironment({ ...PARTS, base: {} });
  expect(TZ).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(PATH).toContain('/usr/bin');
});

test('only inherited variables that are set reach a child', () => {
  const env = childEnvironment({ ...PARTS, inherit: ['AWS_REGION', 'NOT_SET'] });
  expect(env).toMatchObject({ AWS_REGION: 'eu-1' });
  expect(env).not.toHaveProperty('SECRET');
  expect(env).not.toHaveProperty('NOT_SET');
});

test("a tenant's variables win over the service's, and those over inherited ones", () => {
  const env = childEnvironment({
    ...PARTS,
    inherit: ['AWS_REGION'],
    service: { AWS_REGION: 'eu-2', A: 'service', PATH: '/opt/bin' },
    tenant: { A: 'tenant' },
  });
  expect(env).toMatchObject({ AWS_REGION: 'eu-2', A: 'tenant', PATH: '/opt/bin' });
});

test('no variable of a service or tenant replaces those that identify the tenant', () => {
  const forged = { TENANT_ID: 'x', SERVICE_NAME: 'x', DATA_DIR: 'x', SOCKET_PATH: 'x', PORT: 'x' };
  const env = childEnvironment({ ...PARTS, port: 4000, service: forged, tenant: forged });
  expect(env).toMatchObject({ TENANT_ID: 'acme', SERVICE_NAME: 'api', DATA_DIR: '/data/acme', SOCKET_PATH: '/run/s' });
  expect(env['PORT']).toBe('4000');
});
