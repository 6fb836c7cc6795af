/** GET /login: the link of `tenement ui`, which logs a browser in. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenementError } from '../../errors.ts';
import { cookieSite } from '../access/auth.ts';
import { OPEN } from '../access/authorize.ts';
import { sessionCookie } from '../access/session-cookie.ts';
import type { ApiDeps } from '../context.ts';
import { loginQuery } from '../schemas/session.ts';
import type { Api } from '../zod-provider.ts';

/** The link is for people, and the code in it asked for instead of a token. HEAD would use the code up for nothing. */
const CONFIG = { config: OPEN, exposeHeadRoute: false };

/** @param sendPage sends the dashboard, which says what to do when nobody is logged in */
export function loginRoute(
  api: Api,
  logins: ApiDeps['logins'],
  sendPage: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  api.get('/login', { ...CONFIG, schema: { hide: true, querystring: loginQuery } }, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
    try {
      assertOpenedByPerson(request);
      const { session, secret } = await logins.logIn(request.query.code, request.reached.address);
      const maxAgeS = Math.floor(((session.expiresAtMs ?? 0) - session.createdAtMs) / 1000);
      return reply.header('set-cookie', sessionCookie(secret, cookieSite(request), maxAgeS)).redirect('/', 303);
    } catch (error) {
      const isRefused = error instanceof TenementError && error.httpStatus === 401;
      if (!isRefused || !request.headers.accept?.includes('text/html')) throw error;
      return sendPage(request, reply.code(401));
    }
  });
}

/**
 * A link that is opened is a navigation, without an Origin. A page of another site that fetches it, or a browser that
 * reads ahead, must not use the code up.
 * @throws {TenementError} `forbidden_origin`
 */
function assertOpenedByPerson({ headers }: FastifyRequest): void {
  const target = headers['sec-fetch-dest'];
  const isAhead = [headers['sec-purpose'], headers['purpose'], headers['x-moz']].some((one) =>
    one?.includes('prefetch'),
  );
  if (headers.origin === undefined && (target === undefined || target === 'document') && !isAhead) return;
  throw new TenementError('forbidden_origin', 'the link is not opened by a person', {
    hint: 'Open the link of `tenement ui` in a tab of a browser.',
  });
}
