/** What `tenement check` says of this machine, found out by a process of its own: its trials would hold the server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { HostFindings } from '../core/dashboard/host-face.ts';
import type { HostSupport } from '../process/isolation/host/host-support.ts';

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

const VERSIONS: Readonly<Record<string, 1 | 2>> = { v1: 1, v2: 2 };

/** @throws {Error} when the check cannot be run, or finds what would stop a start */
export async function findHost(configFile: string): Promise<HostFindings> {
  const words = [process.argv[1] ?? '', 'check', '--json', '-c', configFile];
  const { stdout } = await promisify(execFile)(process.execPath, words, {
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const { host, warnings } = JSON.parse(stdout) as { host: HostSupport; warnings: string[] };
  return findingsOf(host, warnings);
}

export function findingsOf(host: HostSupport, warnings: readonly string[]): HostFindings {
  const { isolation, namespaces, sandbox, cgroup } = host;
  const support = (level: 'process' | 'namespace' | 'sandbox', reason: string | null) => ({
    level,
    available: isolation.includes(level),
    reason,
  });
  return {
    isolation: [support('process', null), support('namespace', namespaces), support('sandbox', sandbox)],
    cgroup: VERSIONS[cgroup.version ?? ''] ?? null,
    notices: warnings,
  };
}
