/** This machine, shared by all instances: whether it provides what services ask for, and what starts require. */
import type { ProcessHost } from '../core/ports.ts';
import { assertHostGives } from './isolation/host/host-support.ts';
import { assertPrograms } from './isolation/host/programs.ts';
import { instancePaths } from './launch/launch-spec.ts';
import { removeCommandCgroups } from './launch/operator-command.ts';
import { removeHelperCgroups } from './launch/tenant-helper.ts';
import type { ProcessContext } from './process-context.ts';
import { sweepBindDirs } from './sockets/bind-dir.ts';
import { trashesOf } from './storage/purge.ts';
import { Staging } from './storage/staging.ts';

export function createProcessHost(context: ProcessContext): ProcessHost {
  return {
    prepare: async () => {
      assertPrograms();
      await context.fifos.prepare();
      context.shells.refillLater();
      sweepAll(context);
      removeCommandCgroups(context.cgroups());
      removeHelperCgroups(context.cgroups());
    },
    close: () => context.close(),
    assertHostGives: (services) => assertHostGives(services, context.cgroups(), context.settings),
  };
}

/** Deletes in the background what an earlier server has set aside. */
function sweepAll({ trash, settings, config, logger }: ProcessContext): void {
  trash.prepare();
  for (const place of trashesOf(settings)) trash.sweep(place);
  for (const tenant of new Staging({ settings, trash }).sweep())
    logger.info({ tenant }, 'what an interrupted copy of a tenant left is deleted');
  const services = config?.().services.values() ?? [];
  // Where each tenant has its own socket directory, it is swept when its process is taken back or started.
  for (const service of services) sweepBindDirs(instancePaths(settings, service, 'x').bindSocket, trash);
}
