/** An API over fakes on a random port or a Unix socket, closed after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Trust } from '../../src/api/access/auth.ts';
import { type ApiOptions, createApi } from '../../src/api/server.ts';
import { silentLogger } from '../../src/logger.ts';
import { fakeDeps } from './fakes.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tenement-api-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Listens on `host`, port 0. */
export async function runningApi(trust: Trust = 'none', host = '127.0.0.1', options: Partial<ApiOptions> = {}) {
  const deps = fakeDeps();
  const api = createApi({ deps, trust, logger: silentLogger(), ...options });
  onTestFinished(() => api.close());
  const { port } = await api.listen({ host, port: 0 });
  const url = `http://127.0.0.1:${port}`;
  const call = (path: string, options: Call = {}) => send({ host: '127.0.0.1', port }, path, options);
  return { ...deps, api, port, url, call };
}

/** Listens on a socket file in a directory of its own. */
export async function runningOnSocket() {
  const deps = fakeDeps();
  const api = createApi({ deps, trust: 'control-socket', logger: silentLogger() });
  onTestFinished(() => api.close());
  const socketPath = join(tempDir(), 'control.sock');
  await api.listen({ path: socketPath });
  const call = (path: string, options: Call = {}) => send({ socketPath }, path, options);
  return { ...deps, api, socketPath, call };
}

/** Sends a request with node:http, which lets a test forge any header. */
function send(where: object, path: string, { method = 'GET', headers = {}, body }: Call): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request({ ...where, path, method, headers: { connection: 'close', ...headers } }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    response.on('error', reject);
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** Returns the options of a POST with a JSON body. */
export function post(body: unknown): Call {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
