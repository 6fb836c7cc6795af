/** The description of the API as its readers need it: a linter, and generators of clients. */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';
import { runningApi } from '../running.ts';

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly responses: Record<string, unknown>;
}

interface Description {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: object };
}

async function described(): Promise<{ text: string; description: Description }> {
  const { call, tokenStore } = await runningApi('token');
  const { token } = await tokenStore.make({ scope: 'admin' });
  const { text } = await call('/openapi.json', { headers: { authorization: `Bearer ${token}` } });
  expect(text).toContain('"openapi":"3.1.0"');
  return { text, description: JSON.parse(text) };
}

test("the description passes Redocly's linter with its strict rules", { timeout: 60_000 }, async () => {
  const { text } = await described();
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  const shown = problems.map(({ ruleId, message, location }) => `${ruleId}: ${location[0]?.pointer} ${message}`);
  expect(shown).toEqual([]);
});

test('each operation has a name of its own, a tag and its errors', async () => {
  const { description } = await described();
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
  const names = operations.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(['listInstances', 'startInstance', 'getTenant', 'listEvents']));
  expect(operations.filter(({ tags }) => tags.length !== 1)).toEqual([]);
  expect(Object.keys(description.paths['/api/instances/{instance}']?.['patch']?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '400', '401', '403', '404', '409', '429', '502', '4XX', '5XX']),
  );
});

test('what is used in several places has a schema with a name', async () => {
  const { text, description } = await described();
  const { schemas } = description.components;
  expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['Instance', 'InstanceList', 'Tenant', 'Problem']));
  expect(schemas['InstanceList']).toMatchObject({
    properties: { instances: { items: { $ref: '#/components/schemas/Instance' } } },
  });
  expect(text).not.toContain('x-schema-name');
});
