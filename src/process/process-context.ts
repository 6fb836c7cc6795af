/** Parts shared by starting, finding and ending processes: FIFOs, spare shells, users, cgroups, the trash. */
import { join } from 'node:path';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { type HiddenPaths, hiddenPaths } from '../core/service/hidden-paths.ts';
import type { Config, ServiceConfig, Settings } from '../core/service/service.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { Cgroups } from './cgroup/cgroup.ts';
import { findCgroups } from './cgroup/find.ts';
import { DynamicUsers } from './isolation/dynamic-user.ts';
import { HostSockets } from './isolation/host-sockets.ts';
import type { IsolationDeps } from './isolation/isolation.ts';
import { FilterFile } from './isolation/seccomp/filter-file.ts';
import { coverInherited } from './launch/descriptors.ts';
import { Fifos } from './launch/fifos.ts';
import { SpareShells } from './launch/spare-shells.ts';
import type { OutputSink } from './output/output-sink.ts';
import { keepReserve } from './proc/reserve.ts';
import { SecretFiles } from './secrets/secret-files.ts';
import { type OnSelfConnection, SelfSockets } from './sockets/self-sockets.ts';
import { Trash } from './storage/trash.ts';

export interface ProcessOptions {
  readonly settings: Settings;
  readonly sink: OutputSink;
  /** Default: no log. */
  readonly logger?: Logger;
  /** Environment from which children inherit by name; default: this process's. */
  readonly baseEnv?: NodeJS.ProcessEnv;
  /** Called when a process has ended that listened on `fd`. The callee closes `fd`. Default: it is closed. */
  onListenerLeft?(instance: InstanceName, fd: number): void;
  /** Called with each connection to an instance's own socket. Default: it is closed. */
  onSelfConnection?: OnSelfConnection;
  /** The services of now, whose files are hidden from every tenant; default: none. */
  config?(): Pick<Config, 'file' | 'services' | 'notify' | 'jwt' | 'backup'>;
}

export interface ProcessContext extends ProcessOptions, IsolationDeps {
  /** Found once, when first needed, because finding them may move this process into another cgroup. */
  cgroups(): Cgroups;
  readonly fifos: Fifos;
  readonly shells: SpareShells;
  readonly logger: Logger;
  readonly trash: Trash;
  readonly selfSockets: SelfSockets;
  readonly secretFiles: SecretFiles;
  close(): Promise<void>;
}

export function createProcessContext(options: ProcessOptions): ProcessContext {
  const { settings, logger = silentLogger() } = options;
  keepReserve();
  const trash = new Trash({ logger });
  const fifos = new Fifos(join(settings.stateDir, 'output'));
  const shells = new SpareShells(fifos, coverInherited());
  const filterFile = new FilterFile(settings.stateDir);
  const onConnection = options.onSelfConnection ?? ((_instance, connection) => void connection.destroy());
  const selfSockets = new SelfSockets({ logger, onConnection });
  const secretFiles = new SecretFiles({ settings, trash, logger });
  let cgroups: Cgroups | null = null;
  return {
    ...options,
    logger,
    trash,
    selfSockets,
    secretFiles,
    fifos,
    shells,
    users: new DynamicUsers(settings),
    hostSockets: new HostSockets(),
    filterPath: () => filterFile.path(),
    hiddenPaths: (service) => hiddenPathsFor(service, options),
    cgroups: () => {
      cgroups ??= findCgroups({ root: settings.cgroupRoot, stateDir: settings.stateDir });
      return cgroups;
    },
    close: async () => {
      selfSockets.release();
      await shells.close();
      await fifos.close();
      await trash.close();
      secretFiles.close();
      filterFile.close();
      cgroups?.close();
    },
  };
}

function hiddenPathsFor(service: ServiceConfig, { settings, config }: ProcessOptions): HiddenPaths {
  const { file = null, services = new Map(), notify = [], jwt = null, backup = null } = config?.() ?? {};
  const configured = { settings, file, services: [...services.values(), service], notify, jwt, backup };
  return hiddenPaths(configured, process.getuid?.() ?? 0);
}
