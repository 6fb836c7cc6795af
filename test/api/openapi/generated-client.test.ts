/** A client that openapi-typescript generates from the description, checked by TypeScript and used against a real API. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { expect, onTestFinished, test } from 'vitest';
import { runningApi } from '../running.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const PROGRAM = `import createClient from 'openapi-fetch';
import type { components, paths } from './api.ts';

export async function wakeAndList(baseUrl: string): Promise<components['schemas']['Instance'][]> {
  const client = createClient<paths>({ baseUrl });
  const { data: made } = await client.POST('/api/instances', { body: { service: 'api', id: 'acme' } });
  const { error } = await client.GET('/api/instances/{instance}', { params: { path: { instance: 'api:nobody' } } });
  if (made?.state !== 'ready' || error?.code !== 'unknown_tenant') throw new Error(JSON.stringify({ made, error }));
  const { data } = await client.GET('/api/instances', { params: { query: { limit: '10' } } });
  return data?.instances ?? [];
}
`;

const WRONG = `import createClient from 'openapi-fetch';
import type { paths } from './api.ts';
await createClient<paths>({ baseUrl: '' }).POST('/api/instances', { body: { service: 'api' } });
`;

/** In the checkout, so that the programs find their packages. */
function directory(): string {
  const dir = join(ROOT, 'node_modules/.cache', `tenement-client-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function complaints(file: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test('a generated client has types that hold, and works', { timeout: 60_000 }, async () => {
  const { call, url } = await runningApi();
  const dir = directory();
  const types = astToString(await openapiTS(JSON.parse((await call('/openapi.json')).text)));
  const [client, wrong] = ['client.ts', 'wrong.ts'].map((name) => join(dir, name)) as [string, string];
  writeFileSync(join(dir, 'api.ts'), types);
  writeFileSync(client, PROGRAM);
  writeFileSync(wrong, WRONG);
  expect(complaints(client)).toEqual([]);
  expect(complaints(wrong).join()).toContain("'id' is missing");
  const { wakeAndList } = await import(client);
  expect(await wakeAndList(url)).toMatchObject([{ instance: 'api:acme', state: 'ready' }]);
});
