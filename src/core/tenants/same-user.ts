/** The services of one tenant share its directory, so they must run as the same user. Pure. */
import { TenementError } from '../../errors.ts';
import type { Config, ServiceConfig } from '../service/service.ts';

type Named = Pick<ServiceConfig, 'name' | 'user'>;

function isDynamic({ user }: Named): boolean {
  return user === 'dynamic';
}

/**
 * Rejects a mix of users. A service that runs as root in the tenant's directory could replace files there that are
 * about to be given to the tenant's own user.
 * @throws {TenementError} `mixed_users`, which names both services
 */
export function assertSameUser(service: Named, others: Iterable<Named>, tenantId: string): void {
  const other = Array.from(others).find((one) => isDynamic(one) !== isDynamic(service));
  if (other === undefined) return;
  const [own, shared] = [service, other].sort((a, b) => Number(isDynamic(b)) - Number(isDynamic(a)));
  const message = `${tenantId} would have service ${own?.name}, with a user of its own, and service ${shared?.name}, with the server's, in one directory`;
  throw new TenementError('mixed_users', message, {
    hint: `Give service.${own?.name} and service.${shared?.name} the same \`user\`, "dynamic" or "root".`,
  });
}

/** Returns a sentence for each tenant of `[instances]` whose services disagree, with the service that it concerns. */
export function mixedInstances({ instances, services }: Pick<Config, 'instances' | 'services'>) {
  const problems: { service: string; message: string }[] = [];
  for (const [index, { service, tenantId }] of instances.entries()) {
    const own = services.get(service);
    const before = instances.slice(0, index).filter((one) => one.tenantId === tenantId);
    const others = before.flatMap((one) => services.get(one.service) ?? []);
    try {
      if (own !== undefined) assertSameUser(own, others, tenantId);
    } catch (error) {
      if (!(error instanceof TenementError)) throw error;
      problems.push({ service, message: `${error.message}: ${error.hint}` });
    }
  }
  return problems;
}
