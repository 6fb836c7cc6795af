/** /api/notify: receivers of notifications. */
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import { notifyTargetsSchema, notifyTestBody, notifyTestSchema, problemAnswer } from '../schemas/instances.ts';
import type { Api } from '../zod-provider.ts';

export function notifyRoutes(api: Api, context: ApiContext): void {
  const { notify } = context.deps;
  api.get(
    '/api/notify',
    {
      config: needs('read', 'server'),
      schema: {
        summary: 'List the receivers of notifications, with what is pending for each',
        response: { 200: notifyTargetsSchema, '4xx': problemAnswer },
      },
    },
    async () => ({ targets: await notify.list() }),
  );
  api.post(
    '/api/notify/test',
    {
      config: needs('manage', 'server'),
      schema: {
        summary: 'Send a test message to one receiver, or to all, and get the answer of each',
        body: notifyTestBody,
        response: { 200: notifyTestSchema, '4xx': problemAnswer },
      },
    },
    async (request) => ({ results: await notify.test(request.body?.url, request.access.actor) }),
  );
}
