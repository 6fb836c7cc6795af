/** /api/session: links that log in to the dashboard, who is logged in, and the end of that. */
import type { FastifyRequest } from 'fastify';
import { scopeText } from '../../core/access/scope.ts';
import { ownerOfSession } from '../../core/access/session.ts';
import type { SessionView } from '../../core/dashboard/views.ts';
import { formatAddress } from '../../core/routing/address.ts';
import { TenementError } from '../../errors.ts';
import type { Access } from '../access/access.ts';
import { cookieSite } from '../access/auth.ts';
import { needs } from '../access/authorize.ts';
import { sessionCookie } from '../access/session-cookie.ts';
import type { ApiContext, ApiDeps } from '../context.ts';
import { noContent, problemAnswer } from '../schemas/instances.ts';
import { loginLinkSchema, sessionSchema } from '../schemas/session.ts';
import type { Api } from '../zod-provider.ts';

export function sessionRoutes(api: Api, context: ApiContext): void {
  const { deps } = context;
  api.post(
    '/api/session/link',
    {
      config: needs('read', 'any'),
      schema: {
        summary: 'Make a link that logs in to the dashboard, once and within a minute, with what this caller may do',
        response: { 200: loginLinkSchema, '4xx': problemAnswer },
      },
    },
    async ({ access }, reply) => {
      reply.header('cache-control', 'no-store');
      return linkFor(access, deps);
    },
  );
  api.get(
    '/api/session',
    {
      config: needs('read', 'any'),
      schema: {
        summary: 'Tell who asks, and what they may do',
        response: { 200: sessionSchema, '4xx': problemAnswer },
      },
    },
    async ({ access }, reply) => {
      reply.header('cache-control', 'no-store');
      return viewOf(access, deps);
    },
  );
  api.delete(
    '/api/session',
    {
      config: needs('read', 'any'),
      schema: { summary: 'End the session of this cookie', response: { 204: noContent, '4xx': problemAnswer } },
    },
    async (request, reply) => {
      const session = sessionOf(request);
      await deps.logins.logOut(session, request.access.actor);
      return reply
        .header('set-cookie', sessionCookie('', cookieSite(request), null))
        .code(204)
        .send();
    },
  );
}

function sessionOf({ access: { token } }: FastifyRequest) {
  if (token?.session === true) return token;
  throw new TenementError('bad_input', 'the request has no session to end', {
    hint: 'A token is revoked with DELETE /api/tokens/ID.',
  });
}

/** A session makes no other: its own end would mean nothing then. */
function linkFor({ actor, grants, token }: Access, { logins, config, apiAddress }: ApiDeps) {
  if (token?.session === true)
    throw new TenementError('forbidden', 'a session cannot make a link for another', {
      hint: 'Run `tenement ui` where a token or the control socket is.',
    });
  const address = apiAddress();
  const url = address === null ? null : `http://${formatAddress(address)}/`;
  // An API without tokens asks nobody who it is.
  if (config().api.auth === 'none') return { url, code: null, expiresAt: null };
  const { code, expiresAtMs } = logins.makeCode({ token, name: actor.name, grants });
  return { url, code, expiresAt: new Date(expiresAtMs).toISOString() };
}

type Viewer = Pick<Access, 'grants' | 'token'> & { readonly actor: Pick<Access['actor'], 'name'> };

function viewOf({ actor, grants: { scope, can }, token }: Viewer, { config, version }: ApiDeps): SessionView {
  const { services, plans } = config();
  const names = [...services.keys()];
  return {
    name: ownerOfSession(actor.name),
    scope: scopeText(scope),
    can,
    expiresAt: token === null || token.expiresAtMs === null ? null : new Date(token.expiresAtMs).toISOString(),
    version,
    services: scope.kind === 'service' ? names.filter((name) => name === scope.service) : names,
    // What a tenant pays for, it does not choose itself.
    plans: scope.kind === 'admin' ? [...plans.keys()] : [],
  };
}
