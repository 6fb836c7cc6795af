/** The routes of an instance's own socket. */
import { z } from 'zod';
import type { Api } from '../api/zod-provider.ts';
import type { SelfVerbs } from '../core/verbs/self-verbs.ts';

/** Far above any count, and exact in JSON of every language. */
const MAX_ADD = 1_000_000_000;
/** A longer time is cut to `max_busy`. */
const MAX_SECONDS = 31_536_000;

const counterParams = z.object({ name: z.string() });
const counterBody = z.strictObject({ add: z.int().min(-MAX_ADD).max(MAX_ADD) });
const busyBody = z.strictObject({ seconds: z.number().min(0).max(MAX_SECONDS) });

export function addRoutes(api: Api, verbs: SelfVerbs): void {
  api.get('/tenant', async ({ instance }) => verbs.self(instance));
  api.get('/usage', async ({ instance }) => verbs.usage(instance));
  api.get('/counters', async ({ instance }) => ({ counters: verbs.self(instance).counters }));
  api.post('/counters/:name', { schema: { params: counterParams, body: counterBody } }, async (request) =>
    verbs.count(request.instance, request.params.name, request.body.add),
  );
  api.post('/busy', { schema: { body: busyBody } }, async (request) =>
    verbs.busy(request.instance, request.body.seconds * 1000),
  );
}
