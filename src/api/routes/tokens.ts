/** /api/tokens: tokens for callers over TCP. */
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import {
  newTokenSchema,
  noContent,
  problemAnswer,
  tokenBody,
  tokenParams,
  tokensSchema,
} from '../schemas/instances.ts';
import type { Api } from '../zod-provider.ts';

export function tokenRoutes(api: Api, context: ApiContext): void {
  const { tokens } = context.deps;
  api.get(
    '/api/tokens',
    {
      config: needs('read', 'server'),
      schema: { summary: 'List tokens, without their text', response: { 200: tokensSchema, '4xx': problemAnswer } },
    },
    async () => ({ tokens: tokens.list() }),
  );
  api.post(
    '/api/tokens',
    {
      config: needs('manage', 'server'),
      schema: { summary: 'Create a token', body: tokenBody, response: { 201: newTokenSchema, '4xx': problemAnswer } },
    },
    async ({ access, body }, reply) => {
      const made = await tokens.by(access.actor, access.grants).create(body);
      reply.code(201).header('cache-control', 'no-store');
      return made;
    },
  );
  api.delete(
    '/api/tokens/:id',
    {
      config: needs('manage', 'server'),
      schema: {
        summary: 'Revoke a token, and end its open streams',
        params: tokenParams,
        response: { 204: noContent, '4xx': problemAnswer },
      },
    },
    async ({ access, params }, reply) => {
      await tokens.by(access.actor, access.grants).revoke(params.id);
      return reply.code(204).send();
    },
  );
}
