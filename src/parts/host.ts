/** The machine that the server runs on, for the dashboard. */
import { readdir, statfs } from 'node:fs/promises';
import { availableParallelism, hostname, loadavg, totalmem } from 'node:os';
import type { HostFace, HostFindings } from '../core/dashboard/host-face.ts';
import type { HostView } from '../core/dashboard/views.ts';
import type { ConfigFeed } from '../core/service/served-config.ts';
import type { Logger } from '../logger.ts';
import { descriptorLimit } from '../process/launch/descriptors.ts';
import { readMemoryFigures } from '../process/proc/host-memory.ts';
import { Background } from './background.ts';

/** The check tries isolation levels, which takes seconds of other processes. */
const CHECK_EVERY_MS = 3_600_000;
const STORAGE_EVERY_MS = 2000;

const NOTHING_FOUND: HostFindings = { isolation: [], cgroup: null, notices: [] };

export interface HostReportDeps {
  readonly served: ConfigFeed;
  readonly supervisor: { readonly awake: number };
  readonly version: string;
  readonly logger: Logger;
  /** Finds out what the machine can give, in another process. */
  check(): Promise<HostFindings>;
}

export class HostReport implements HostFace {
  private readonly deps: HostReportDeps;
  private readonly findings: Background<HostFindings>;
  /** A network file system may not answer; the last figures stand for it until then. */
  private readonly storage: Background<HostView['storage']>;

  constructor(deps: HostReportDeps) {
    this.deps = deps;
    const { logger, served } = deps;
    this.findings = new Background(() => deps.check(), NOTHING_FOUND, CHECK_EVERY_MS, logger);
    const dataDir = () => served.current.settings.dataDir;
    this.storage = new Background(() => storageOf(dataDir()), null, STORAGE_EVERY_MS, logger);
  }

  async view(): Promise<HostView> {
    const { served, supervisor, version } = this.deps;
    const { maxRunning, maxConcurrentStarts } = served.current.settings;
    const { totalBytes = totalmem(), availableBytes = 0, swapTotalBytes = 0, swapFreeBytes = 0 } = readMemoryFigures();
    const { user, system } = process.cpuUsage();
    return {
      version,
      hostname: hostname(),
      startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
      cpus: availableParallelism(),
      loadAverage: loadavg(),
      memory: { totalBytes, availableBytes },
      swap: { totalBytes: swapTotalBytes, freeBytes: swapFreeBytes },
      storage: await this.storage.latest(),
      descriptors: { used: await openDescriptors(), limit: descriptorLimit() },
      instances: { running: supervisor.awake, maxRunning, maxConcurrentStarts },
      server: { memoryBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 },
      ...this.findings.now(),
    };
  }
}

async function storageOf(dir: string): Promise<HostView['storage']> {
  const { bsize, blocks, bavail } = await statfs(dir);
  return { totalBytes: bsize * blocks, availableBytes: bsize * bavail };
}

async function openDescriptors(): Promise<number | null> {
  try {
    // One of them is the listing's own.
    return (await readdir('/proc/self/fd')).length - 1;
  } catch {
    return null;
  }
}
