/** tenement's own listeners at public paths: of instances that are not ready, and of all that are `proxied`. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { ActivationSockets } from '../../core/ports.ts';
import type { SocketAccess } from '../../core/service/service.ts';
import type { Logger } from '../../logger.ts';
import { ensurePublicDir, ensureSocketParent } from '../storage/directories.ts';
import { ActivationSocket, type OnActivation } from './activation-socket.ts';
import { InheritedBacklog } from './backlog/inherited-backlog.ts';
import { KeptBacklog } from './backlog/kept-backlog.ts';

const SHORTAGE_INTERVAL_MS = 60_000;

export interface ActivationSocketsOptions {
  readonly logger: Logger;
  readonly onActivation: OnActivation;
  /** The most that may be open at once for instances without a process: each takes a descriptor. */
  maxOpen(): number;
}

/** Instances without a process that have a place for their socket. Those with one have it in their own share. */
class Places {
  private readonly taken = new Set<InstanceName>();
  private readonly max: () => number;

  constructor(max: () => number) {
    this.max = max;
  }

  /** Returns whether the instance may have a socket. */
  take(instance: InstanceName, hasProcess: boolean): boolean {
    if (hasProcess) this.taken.delete(instance);
    else if (!this.taken.has(instance) && this.taken.size >= this.max()) return false;
    else this.taken.add(instance);
    return true;
  }

  leave(instance: InstanceName): void {
    this.taken.delete(instance);
  }
}

/** Warns, at most once a minute, that there are more sleeping instances than activation sockets. */
class ShortageWarning {
  private readonly logger: Logger;
  private toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  tell(instance: InstanceName): void {
    const nowMs = performance.now();
    if (nowMs - this.toldAtMs < SHORTAGE_INTERVAL_MS) return;
    this.toldAtMs = nowMs;
    const reason = 'the limit of open files is too low: raise LimitNOFILE= or `ulimit -n`';
    this.logger.warn({ instance, reason }, 'some sleeping instances have no listener at their public socket');
  }
}

export function createActivationSockets({
  logger,
  onActivation,
  maxOpen,
}: ActivationSocketsOptions): ActivationSockets {
  const sockets = new Map<InstanceName, ActivationSocket>();
  /** Retired sockets that still have connected clients. */
  const left = new Map<InstanceName, Set<ActivationSocket>>();
  const backlogs = new Set<InheritedBacklog>();
  /** Sockets of an earlier server, until their public paths lead elsewhere. */
  const kept = new Map<InstanceName, { readonly path: string; readonly backlog: KeptBacklog }>();
  let isLeft = false;
  const shortage = new ShortageWarning(logger);
  const places = new Places(maxOpen);
  let count = 0;
  /** Directories known to exist: thousands of activation sockets share a few. */
  const prepared = new Set<string>();
  const run = randomBytes(2).toString('hex');
  /**
   * The name is short, because it is bound, and lies beside the directories in which children bind. Only a server that
   * was killed between bind and rename can have left this very name; checking for it would cost 0.3 ms on ext4.
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
  const finishKept = (instance: InstanceName) => {
    kept.get(instance)?.backlog.finish();
    kept.delete(instance);
  };
  const retire = (instance: InstanceName) => {
    finishKept(instance);
    const socket = sockets.get(instance);
    if (socket === undefined) return;
    sockets.delete(instance);
    places.leave(instance);
    const those = left.get(instance) ?? new Set();
    left.set(instance, those.add(socket));
    socket.retire(() => {
      those.delete(socket);
      if (those.size === 0 && left.get(instance) === those) left.delete(instance);
    });
  };
  const listen = (instance: InstanceName, publicSocket: string, bindSocket: string, access: SocketAccess) => {
    const before = sockets.get(instance);
    const privateDir = dirname(dirname(bindSocket));
    prepare(privateDir, dirname(publicSocket));
    const bindName = nextName(privateDir);
    const onError = (error: Error) => logger.error({ instance, reason: error.message }, 'an activation socket failed');
    const socket = new ActivationSocket({ instance, publicSocket, bindName, access, onActivation, onError });
    sockets.set(instance, socket);
    finishKept(instance);
    if (before?.publicSocket !== publicSocket) before?.unpublish();
    before?.retire();
  };
  return {
    open(instance, { publicSocket, bindSocket }, access, hasProcess) {
      if (isLeft) return;
      const before = sockets.get(instance);
      if (publicSocket === null) return this.remove(instance);
      if (!places.take(instance, hasProcess)) {
        shortage.tell(instance);
        return this.remove(instance);
      }
      try {
        if (before?.publicSocket === publicSocket && before.isInPlace) before.grant(access);
        else listen(instance, publicSocket, bindSocket, access);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.error({ instance, reason }, 'tenement does not listen at the public socket');
        if (!sockets.has(instance)) places.leave(instance);
      }
    },
    retire,
    listeners: (instance) => Array.from(left.get(instance) ?? [], ({ bindName }) => bindName),
    remove(instance) {
      finishKept(instance);
      sockets.get(instance)?.close();
      sockets.delete(instance);
      places.leave(instance);
    },
    inherit(instance, fd) {
      const backlog = new InheritedBacklog({ instance, fd, onActivation, onEnd: () => backlogs.delete(backlog) });
      backlogs.add(backlog);
    },
    inPlace() {
      const own = [...sockets].filter(([, { isInPlace }]) => isInPlace);
      return new Map([
        ...Array.from(own, ([instance, { bindName }]) => [bindName, instance] as const),
        ...Array.from(kept, ([instance, { path }]) => [path, instance] as const),
      ]);
    },
    leave() {
      isLeft = true;
      for (const socket of sockets.values()) socket.leave();
      for (const { backlog } of kept.values()) backlog.close();
      sockets.clear();
      kept.clear();
    },
    takeKept(instance, { path, fd }) {
      const backlog = new KeptBacklog(fd, (connection) => onActivation(instance, connection, true));
      if (sockets.has(instance)) backlog.finish();
      else kept.set(instance, { path, backlog });
    },
    close() {
      for (const backlog of backlogs) backlog.close();
      for (const { backlog } of kept.values()) backlog.close();
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}
