/**
 * /api/config: the config that is served now, with the secrets that `env` may contain, and the reload. Control socket
 * only.
 */
import { configToJson } from '../../core/input/config-json.ts';
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import type { Api } from '../zod-provider.ts';

export function configRoutes(api: Api, context: ApiContext): void {
  api.get('/api/config', { config: needs('read', 'server'), schema: { hide: true } }, async () =>
    configToJson(context.deps.config()),
  );
  api.post('/api/config/reload', { config: needs('manage', 'server'), schema: { hide: true } }, async () => ({
    changes: context.deps.reload(),
  }));
}
