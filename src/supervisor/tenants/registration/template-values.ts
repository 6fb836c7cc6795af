/** What templates are filled in with before an instance has a process. */
import type { WebAddress } from '../../../core/routing/web-address.ts';
import type { Settings } from '../../../core/service/service.ts';

export interface TemplateFacts {
  readonly settings: Pick<Settings, 'dataDir' | 'runtimeDir'>;
  /** Name of the tenant's plan; null: it has none. */
  readonly plan: string | null;
  readonly address: WebAddress;
}

export function templateValues(
  tenantId: string,
  service: string,
  { settings: { dataDir, runtimeDir }, plan, address: { host, url } }: TemplateFacts,
) {
  return {
    id: tenantId,
    service,
    name: service,
    host,
    ...(url === null ? {} : { url }),
    plan: plan ?? '',
    data_dir: dataDir,
    tenant_dir: `${dataDir}/${tenantId}`,
    runtime_dir: runtimeDir,
  };
}
