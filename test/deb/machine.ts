/** A system with systemd as its first program, in namespaces of this machine: boots in a second, and runs at full speed. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { vi } from 'vitest';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** With the maximum of what apt prints. */
const OPTIONS = { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 } as const;

/**
 * Where the host has its controllers in cgroup version 1, tenants cannot leave the cgroup of the server's unit. This setting
 * keeps them there over a restart; the unit as it is shipped is tried in a VM (test/vm/systemd).
 */
const DROP_IN = '/etc/systemd/system/service.d/one-cgroup.conf';

const PATIENCE = { timeout: 60_000, interval: 100 };

export interface Ran {
  readonly status: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export class Machine {
  /** Its files, also while it is off. */
  readonly root: string;
  readonly #dir: string;
  readonly #cgroups: string;
  readonly #cgroup: string;
  #outside: ChildProcess | null = null;
  #init = 0;

  /** @param suite of Debian or Ubuntu: bookworm, trixie, noble */
  constructor(suite: string) {
    this.#dir = mkdtempSync(join(tmpdir(), 'tenement-deb-'));
    const lower = execFileSync(join(HERE, 'root'), [suite], OPTIONS).trim();
    for (const name of ['upper', 'work', 'root', 'cgroups']) mkdirSync(join(this.#dir, name));
    this.root = join(this.#dir, 'root');
    const layers = `lowerdir=${lower},upperdir=${join(this.#dir, 'upper')},workdir=${join(this.#dir, 'work')}`;
    execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', this.root]);
    this.#cgroups = join(this.#dir, 'cgroups');
    execFileSync('mount', ['-t', 'cgroup2', 'cgroup2', this.#cgroups]);
    this.#cgroup = join(this.#cgroups, basename(this.#dir));
    mkdirSync(this.#cgroup);
    this.write('/etc/apt/apt.conf.d/tests', 'APT::Get::Assume-Yes "true";\n');
    // Nobody cuts its power.
    this.write('/etc/dpkg/dpkg.cfg.d/tests', 'force-unsafe-io\n');
    if (!this.hasControllers) this.write(DROP_IN, '[Service]\nKillMode=process\n');
  }

  /** Settles when systemd has started everything. */
  async boot(): Promise<void> {
    const namespaces = [
      '--mount',
      '--pid',
      '--fork',
      '--uts',
      '--ipc',
      '--net',
      '--cgroup',
      '--propagation',
      'private',
    ];
    const words = ['unshare', ...namespaces, '--kill-child', join(HERE, 'boot'), this.root];
    const script = 'echo 0 >"$0/cgroup.procs" && exec "$@"';
    const outside = spawn('sh', ['-c', script, this.#cgroup, ...words], { stdio: ['ignore', 'inherit', 'inherit'] });
    this.#outside = outside;
    const children = `/proc/${outside.pid}/task/${outside.pid}/children`;
    this.#init = await vi.waitFor(() => firstPidIn(children), PATIENCE);
    await vi.waitFor(() => this.run('systemctl is-system-running --wait | grep -E "running|degraded"'), PATIENCE);
  }

  /** Ends as `systemctl reboot` does, and boots again. */
  async reboot(): Promise<void> {
    const ended = once(this.#outside as ChildProcess, 'exit');
    await this.try('systemctl reboot');
    await ended;
    await this.boot();
  }

  /** Runs a command of a shell as root. Rejects when it fails. */
  async run(command: string): Promise<string> {
    const { status, output } = await this.try(command);
    if (status !== 0) throw new Error(`${command}\n${output}exit status ${status}`);
    return output.trim();
  }

  async try(command: string): Promise<Ran> {
    const inside = ['--target', String(this.#init), '--all', '--', ...SHELL, `exec 2>&1; cd /root; ${command}`];
    const ran = promisify(execFile)('nsenter', inside, OPTIONS);
    return ran.then(
      ({ stdout }) => ({ status: 0, output: stdout }),
      (error: { code: number; stdout: string }) => ({ status: error.code, output: error.stdout }),
    );
  }

  /** Returns the file's path inside. */
  copyIn(file: string, directory = '/var/tmp'): string {
    const path = join(directory, basename(file));
    copyFileSync(file, join(this.root, path));
    return path;
  }

  /** Whether the host gives it controllers of cgroup version 2. */
  get hasControllers(): boolean {
    return readFileSync(join(this.#cgroups, 'cgroup.controllers'), 'utf8').includes('memory');
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Starts a program of this machine in the other one's network. */
  startInNetwork(words: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const inside = ['--target', String(this.#init), '--net', '--', ...words];
    return spawn('nsenter', inside, { stdio: ['pipe', 'pipe', 'inherit'], env });
  }

  /** Ends the machine, also one that did not boot, and removes its files. */
  async remove(): Promise<void> {
    const outside = this.#outside;
    if (outside !== null && outside.exitCode === null && outside.signalCode === null) {
      const ended = once(outside, 'exit');
      outside.kill('SIGKILL');
      await ended;
    }
    const rmdir = ['-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'];
    await vi.waitFor(() => execFileSync('find', [this.#cgroup, ...rmdir], { stdio: 'ignore' }), PATIENCE);
    for (const mounted of [this.#cgroups, this.root]) execFileSync('umount', [mounted]);
    rmSync(this.#dir, { recursive: true });
  }
}

const SHELL = [
  'env',
  '-i',
  'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
  'DEBIAN_FRONTEND=noninteractive',
  'sh',
  '-c',
];

function firstPidIn(file: string): number {
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (Number.isNaN(pid)) throw new Error(`${file} is empty`);
  return pid;
}

/** Not every machine may mount and boot another one. Returns the reason then. */
export async function bootMachine(): Promise<Machine | string> {
  try {
    const machine = new Machine(process.env['SUITE'] ?? 'bookworm');
    await machine.boot();
    return machine;
  } catch (error) {
    return String(error);
  }
}
