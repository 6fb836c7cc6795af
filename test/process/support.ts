/** A launcher in its own directories, with real children that end with the test. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { NO_TERMS } from '../../src/core/plans/plan.ts';
import type { InstancePaths, LaunchedProcess, LaunchRequest, Upstream } from '../../src/core/ports.ts';
import { effectiveService } from '../../src/core/service/effective-service.ts';
import type { ServiceConfig, Settings } from '../../src/core/service/service.ts';
import { silentLogger } from '../../src/logger.ts';
import { after } from '../../src/node/after.ts';
import type { OutputSink, OutputSource, OutputTap } from '../../src/process/output/output-sink.ts';
import { createProcesses, type Processes } from '../../src/process/processes.ts';
import { NO_LIMITS } from '../limits.ts';

const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url));

/** Makes a directory with a short path, because socket paths are limited. It is deleted when the test ends. */
export function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tp-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Keeps the output of children. */
export class MemorySink implements OutputSink {
  private text = '';
  private tell: () => void = () => {};

  attach({ stdout, stderr }: OutputSource): OutputTap {
    const ends = [stdout, stderr].map((stream) => new Promise<void>((resolve) => stream.once('close', resolve)));
    for (const stream of [stdout, stderr]) stream.on('data', (chunk) => this.add(String(chunk)));
    const done = Promise.all(ends).then(() => {});
    const close = () => {
      stdout.destroy();
      stderr.destroy();
    };
    return {
      lastLines: (count) => this.text.trimEnd().split('\n').slice(-count),
      done,
      finish: async (ms) => {
        await Promise.race([done, new Promise<void>((resolve) => after(ms, resolve))]);
        close();
      },
      close,
    };
  }

  /** Settles with the whole output as soon as it matches. */
  async printed(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      await new Promise<void>((resolve) => {
        this.tell = resolve;
      });
    }
    return this.text;
  }

  private add(text: string): void {
    this.text += text;
    this.tell();
  }
}

export interface Bench extends Omit<Processes, 'onActivation' | 'activationSockets'> {
  readonly dir: string;
  readonly sink: MemorySink;
  readonly settings: Settings;
  request(change?: Partial<ServiceConfig>, env?: Record<string, string>): LaunchRequest;
  /** Launches a child. The child with all its processes is gone when the test ends. */
  launch(change?: Partial<ServiceConfig>, env?: Record<string, string>): Promise<LaunchedProcess>;
}

export function makeBench(baseEnv?: NodeJS.ProcessEnv): Bench {
  const dir = makeDir();
  const sink = new MemorySink();
  const settings = makeSettings(dir);
  mkdirSync(settings.runtimeDir);
  const processes = createProcesses({
    settings,
    sink,
    logger: silentLogger(),
    maxActivationSockets: () => 0,
    ...(baseEnv && { baseEnv }),
  });
  const { host, launcher } = processes;
  onTestFinished(() => host.close());
  const makeRequest = (change: Partial<ServiceConfig> = {}, env: Record<string, string> = {}): LaunchRequest => {
    const service = effectiveService({ ...makeService(dir), ...change }, NO_TERMS, { env, limits: {} });
    return {
      instance: 'api:acme',
      service,
      tenantId: 'acme',
      paths: launcher.paths(service, 'acme'),
      webAddress: { host: 'acme.localhost', url: 'http://acme.localhost:8080' },
      secrets: [],
    };
  };
  return {
    ...processes,
    dir,
    sink,
    settings,
    request: makeRequest,
    async launch(change, env) {
      const result = await launcher.launch(makeRequest(change, env));
      if (!result.ok) throw new Error(result.detail);
      onTestFinished(() => result.process.terminate(0));
      return result.process;
    },
  };
}

export function app(name: string): readonly string[] {
  return [process.execPath, join(APPS, `${name}.mjs`)];
}

export function inline(code: string): readonly string[] {
  return [process.execPath, '-e', code.replaceAll('{', '{{').replaceAll('}', '}}')];
}

function makeSettings(dir: string): Settings {
  return {
    dataDir: join(dir, 'data'),
    stateDir: join(dir, 'data/.tenement'),
    runtimeDir: join(dir, 'run'),
    runtimeDirSource: 'config',
    healthCheckIntervalMs: 10_000,
    maxRestarts: 3,
    restartWindowMs: 300_000,
    backoffBaseMs: 1000,
    backoffMaxMs: 60_000,
    maxRunning: 100,
    maxConcurrentStarts: 8,
    memoryReserveBytes: 0,
    onExit: 'stop',
    cgroupRoot: null,
    dynamicUids: [200_000, 265_535],
  };
}

function makeService(dir: string): ServiceConfig {
  return {
    name: 'api',
    command: app('tenant'),
    workdir: dir,
    socket: '{runtime_dir}/{service}-{id}.sock',
    socketMode: 0o660,
    socketGroup: null,
    publicSocket: 'direct',
    listen: 'socket',
    health: null,
    healthHost: '{host}',
    healthTimeoutMs: 5000,
    restart: 'on-failure',
    idleTimeoutMs: 0,
    idleAction: 'stop',
    suspendTimeoutMs: 0,
    startupTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    drainTimeoutMs: 30_000,
    requestTimeoutMs: 60_000,
    wakeQueue: 256,
    retry: true,
    isolation: 'process',
    network: 'host',
    user: null,
    readOnlyPaths: null,
    readWritePaths: [],
    sockets: [],
    tmpLimitBytes: null,
    ...NO_LIMITS,
    storageAction: 'warn',
    logLimitBytes: 16 * 1024 * 1024,
    selfApi: false,
    maxBusyMs: 3_600_000,
    inheritEnv: [],
    env: {},
    secretsEnv: [],
    secrets: {},
    hooks: [],
    defaulted: [],
  };
}

/** Never aborts. */
export const PATIENT = new AbortController().signal;

/** Returns the body of a GET. */
export function get(upstream: Upstream, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const where = 'socketPath' in upstream ? upstream : { host: '127.0.0.1', port: upstream.port };
    const sent = request({ ...where, path, agent: false, headers: { host: 'localhost' } }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.once('end', () => resolve(body));
    });
    sent.once('error', reject);
    sent.end();
  });
}

/** Returns the public socket, which all services of these tests have. */
export function publicSocket(paths: InstancePaths): string {
  if (paths.publicSocket === null) throw new Error('no public socket');
  return paths.publicSocket;
}
