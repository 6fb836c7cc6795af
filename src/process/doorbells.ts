/** The doorbells of all instances that are not ready. */
import { dirname } from 'node:path';
import type { InstanceName } from '../core/instance.ts';
import type { Doorbells, InstancePaths } from '../core/ports.ts';
import type { SocketAccess } from '../core/service.ts';
import type { Logger } from '../logger.ts';
import { Doorbell, type OnRing, prepareDoorbell } from './doorbell.ts';

export interface DoorbellsOptions {
  readonly logger: Logger;
  readonly onRing: OnRing;
}

export function createDoorbells({ logger, onRing }: DoorbellsOptions): Doorbells {
  const hung = new Map<InstanceName, Doorbell>();
  let count = 0;
  /** Short, since it is bound: beside the directories in which children bind. */
  const nextName = (bindSocket: string): string => {
    count += 1;
    return `${dirname(dirname(bindSocket))}/d${count.toString(36)}`;
  };
  const retire = (instance: InstanceName) => {
    hung.get(instance)?.retire();
    hung.delete(instance);
  };
  const hang = (instance: InstanceName, publicSocket: string, bindName: string, access: SocketAccess) => {
    const before = hung.get(instance);
    prepareDoorbell(bindName, publicSocket);
    const onError = (error: Error) => logger.error({ instance, reason: error.message }, 'a doorbell failed');
    const bell = new Doorbell({ instance, publicSocket, bindName, access, onRing, onError });
    hung.set(instance, bell);
    if (before?.publicSocket === publicSocket) before.retire();
    else before?.takeDown();
  };
  return {
    hang(instance: InstanceName, { publicSocket, bindSocket }: InstancePaths, access: SocketAccess) {
      const before = hung.get(instance);
      if (publicSocket === null) return void this.takeDown(instance);
      if (before?.publicSocket === publicSocket && before.isInPlace) return;
      try {
        hang(instance, publicSocket, nextName(bindSocket), access);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.error({ instance, reason }, 'nobody listens at its public socket until it is ready');
      }
    },
    retire,
    takeDown(instance) {
      hung.get(instance)?.takeDown();
      hung.delete(instance);
    },
    close() {
      for (const bell of hung.values()) bell.takeDown();
      hung.clear();
    },
  };
}
