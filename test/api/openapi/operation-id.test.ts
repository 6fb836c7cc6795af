import { expect, test } from 'vitest';
import { operationId } from '../../../src/api/openapi/operation-id.ts';

test.each([
  ['GET', '/health', 'getHealth'],
  ['GET', '/metrics', 'getMetrics'],
  ['GET', '/openapi.json', 'getOpenapiJson'],
  ['GET', '/api/instances', 'listInstances'],
  ['POST', '/api/instances', 'createInstance'],
  ['GET', '/api/instances/{instance}', 'getInstance'],
  ['PATCH', '/api/instances/{instance}', 'changeInstance'],
  ['DELETE', '/api/instances/{instance}', 'removeInstance'],
  ['POST', '/api/instances/{instance}/start', 'startInstance'],
  ['GET', '/api/instances/{instance}/logs', 'listInstanceLogs'],
  ['PUT', '/api/tenants/{tenant}/secrets/{name}', 'setTenantSecret'],
  ['POST', '/api/tenants/{tenant}/secrets/{name}/rotate', 'rotateTenantSecret'],
  ['POST', '/spawn/{service}/--id={id}', 'createSpawn'],
])('%s %s is %s', (method, path, name) => {
  expect(operationId(method, path)).toBe(name);
});
