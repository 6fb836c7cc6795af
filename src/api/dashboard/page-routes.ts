/** GET / and its files: the dashboard's page, which asks for its data as any client of the API does. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenementError } from '../../errors.ts';
import { OPEN } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import type { Api } from '../zod-provider.ts';
import { type BuiltFile, type BuiltFiles, readBuiltFiles } from './built-files.ts';
import { encodingFor } from './encoding.ts';
import { loginRoute } from './login-route.ts';

const PAGE = 'index.html';

/** Of the names under /assets/, each has the hash of its content in it. */
const FOREVER = 'public, max-age=31536000, immutable';

/** The page loads scripts and styles from its own address alone, and no page may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page is for browsers, and not described to programs. */
const STATIC = { config: OPEN, exposeHeadRoute: true, schema: { hide: true } };

export function dashboardPageRoutes(api: Api, { deps }: ApiContext): void {
  const files = firstUse(readBuiltFiles);
  const sendPage = async (request: FastifyRequest, reply: FastifyReply) =>
    send(await files(), PAGE, request, reply.headers(PAGE_HEADERS));
  loginRoute(api, deps.logins, sendPage);
  api.get('/', STATIC, async (request, reply) => {
    reply.header('vary', 'Accept, Accept-Encoding');
    if (wantsJson(request)) return reply.callNotFound();
    return sendPage(request, reply.header('cache-control', 'no-cache'));
  });
  api.get<{ Params: { readonly file: string } }>('/assets/:file', STATIC, async (request, reply) => {
    reply.header('vary', 'Accept-Encoding').header('x-content-type-options', 'nosniff');
    return send(await files(), `assets/${request.params.file}`, request, reply.header('cache-control', FOREVER));
  });
}

/** What a program that asks for JSON got before there was a page. */
function wantsJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return /\bjson\b/.test(accept) && !accept.includes('text/html');
}

function send(files: BuiltFiles, name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const file = files.get(name);
  if (file === undefined) {
    reply.removeHeader('cache-control');
    throw new TenementError('not_found', `there is no ${request.method} ${request.url.slice(0, 200)}`);
  }
  return sendFile(file, request, reply);
}

function sendFile({ type, hash, bodies }: BuiltFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const encoding = encodingFor(headers['accept-encoding']);
  const etag = `"${hash}-${encoding}"`;
  reply.header('etag', etag);
  if (isHeld(headers['if-none-match'], etag)) return reply.code(304).send();
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(type).send(bodies[encoding]);
}

/** Whether the client has it already (RFC 9110 §13.1.2). */
function isHeld(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, '')));
}

/** Makes something when it is first used, and again if that failed. */
function firstUse<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
}
