/** The activation sockets of all instances that are not ready. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { ActivationSockets, InstancePaths } from '../../core/ports.ts';
import type { SocketAccess } from '../../core/service/service.ts';
import type { Logger } from '../../logger.ts';
import { ensurePublicDir, ensureSocketParent } from '../storage/directories.ts';
import { ActivationSocket, type OnRing } from './activation-socket.ts';
import { InheritedBacklog } from './inherited-backlog.ts';

const TELL_LACK_MS = 60_000;

export interface ActivationSocketsOptions {
  readonly logger: Logger;
  readonly onRing: OnRing;
  /** How many may hang at once: each is a descriptor. */
  maxHung(): number;
}

/** Says now and then that there are more instances than activation sockets. */
class Lack {
  private readonly logger: Logger;
  private toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  tell(instance: InstanceName): void {
    const nowMs = performance.now();
    if (nowMs - this.toldAtMs < TELL_LACK_MS) return;
    this.toldAtMs = nowMs;
    const reason = 'too few files may be open: raise LimitNOFILE= or `ulimit -n`';
    this.logger.warn({ instance, reason }, 'nobody listens at the public sockets of some instances that sleep');
  }
}

export function createActivationSockets({ logger, onRing, maxHung }: ActivationSocketsOptions): ActivationSockets {
  const hung = new Map<InstanceName, ActivationSocket>();
  /** Those that are no more, of whose ringers some are still connected. */
  const left = new Map<InstanceName, Set<ActivationSocket>>();
  const backlogs = new Set<InheritedBacklog>();
  const lack = new Lack(logger);
  let count = 0;
  /** Made, or seen to be there: thousands of activation sockets lie in a few. */
  const prepared = new Set<string>();
  const run = randomBytes(2).toString('hex');
  /**
   * Short, since it is bound: beside the directories in which children bind. Another server would have to be killed
   * between bind and rename to leave that very name; looking for it costs 0.3 ms on ext4.
   */
  const nextName = (dir: string): string => {
    count += 1;
    return `${dir}/d${run}${count.toString(36)}`;
  };
  const prepare = (privateDir: string, publicDir: string) => {
    if (prepared.has(privateDir) && prepared.has(publicDir) && existsSync(privateDir)) return;
    ensurePublicDir(publicDir);
    ensureSocketParent(privateDir);
    prepared.add(privateDir).add(publicDir);
  };
  const retire = (instance: InstanceName) => {
    const socket = hung.get(instance);
    if (socket === undefined) return;
    hung.delete(instance);
    const those = left.get(instance) ?? new Set();
    left.set(instance, those.add(socket));
    socket.retire(() => {
      those.delete(socket);
      if (those.size === 0 && left.get(instance) === those) left.delete(instance);
    });
  };
  const hang = (instance: InstanceName, publicSocket: string, bindSocket: string, access: SocketAccess) => {
    const before = hung.get(instance);
    const privateDir = dirname(dirname(bindSocket));
    prepare(privateDir, dirname(publicSocket));
    const bindName = nextName(privateDir);
    const onError = (error: Error) => logger.error({ instance, reason: error.message }, 'an activation socket failed');
    const socket = new ActivationSocket({ instance, publicSocket, bindName, access, onRing, onError });
    hung.set(instance, socket);
    if (before?.publicSocket === publicSocket) before.retire();
    else before?.takeDown();
  };
  return {
    hang(instance: InstanceName, { publicSocket, bindSocket }: InstancePaths, access: SocketAccess) {
      const before = hung.get(instance);
      if (publicSocket === null) return void this.takeDown(instance);
      if (before?.publicSocket === publicSocket && before.isInPlace) return;
      if (before === undefined && hung.size >= maxHung()) return lack.tell(instance);
      try {
        hang(instance, publicSocket, bindSocket, access);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.error({ instance, reason }, 'nobody listens at its public socket until it is ready');
      }
    },
    retire,
    listeners: (instance) => Array.from(left.get(instance) ?? [], ({ bindName }) => bindName),
    takeDown(instance) {
      hung.get(instance)?.takeDown();
      hung.delete(instance);
    },
    inherit(instance, fd) {
      const backlog = new InheritedBacklog({ instance, fd, onRing, onEnd: () => backlogs.delete(backlog) });
      backlogs.add(backlog);
    },
    close() {
      for (const backlog of backlogs) backlog.close();
      for (const socket of hung.values()) socket.takeDown();
      hung.clear();
    },
  };
}
