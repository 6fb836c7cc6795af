/** /api/config: what is served now, with the secrets that may stand in `env`. On the control socket alone. */
import { configToJson } from '../../core/input/config-json.ts';
import type { ApiContext } from '../context.ts';
import type { Api } from '../zod-provider.ts';

export function configRoutes(api: Api, context: ApiContext): void {
  api.get('/api/config', { schema: { hide: true } }, async () => configToJson(context.deps.config()));
}
