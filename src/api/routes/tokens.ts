/** /api/tokens: tokens for callers over TCP. */
import type { TokenInfo } from '../../core/stores/token-store.ts';
import { TenementError } from '../../errors.ts';
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { newTokenSchema, noContent, problemAnswer, tokenBody, tokenParams, tokensSchema } from '../schemas.ts';
import type { Api } from '../zod-provider.ts';

export function tokenRoutes(api: Api, context: ApiContext): void {
  const { tokens } = context.deps;
  api.get(
    '/api/tokens',
    {
      config: needs('read', 'server'),
      schema: { summary: 'List tokens, without their text', response: { 200: tokensSchema, '4xx': problemAnswer } },
    },
    async () => ({ tokens: tokens.list().map(toView) }),
  );
  api.post(
    '/api/tokens',
    {
      config: needs('manage', 'server'),
      schema: { summary: 'Create a token', body: tokenBody, response: { 201: newTokenSchema, '4xx': problemAnswer } },
    },
    async (request, reply) => {
      const { token, ...info } = await tokens.create(request.body.name);
      reply.code(201).header('cache-control', 'no-store');
      return { ...toView(info), token };
    },
  );
  api.delete(
    '/api/tokens/:id',
    {
      config: needs('manage', 'server'),
      schema: {
        summary: 'Revoke a token',
        params: tokenParams,
        response: { 204: noContent, '4xx': problemAnswer },
      },
    },
    async (request, reply) => {
      if (await tokens.revoke(request.params.id)) return reply.code(204).send();
      throw new TenementError('unknown_token', `there is no token ${JSON.stringify(request.params.id.slice(0, 80))}`);
    },
  );
}

function toView(info: TokenInfo): { id: string; name: string; createdAt: string } {
  return { id: info.id, name: info.name, createdAt: new Date(info.createdAtMs).toISOString() };
}
