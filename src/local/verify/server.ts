/** What `tenement verify` asks of the server: a part of the API's client. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { OperatorCommand, PreparedCommand } from '../../core/service/operator-command.ts';
import type { Config } from '../../core/service/service.ts';
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';

export interface VerifiedServer {
  config(): Promise<Config>;
  get(instance: InstanceName): Promise<InstanceView>;
  start(instance: InstanceName): Promise<InstanceView>;
  sleep(instance: InstanceName): Promise<InstanceView>;
  prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand>;
  readonly tenants: { get(id: string): Promise<TenantView> };
}
