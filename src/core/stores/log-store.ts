/** The output of instances, in files of bounded size. */
import type { InstanceName } from '../lifecycle/instance.ts';

/** One line of output. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Which lines of output. */
export interface LogFilter {
  readonly tail?: number | undefined;
  readonly sinceMs?: number | undefined;
  /** Only lines that contain this text. */
  readonly grep?: string | undefined;
  readonly stream?: 'stdout' | 'stderr' | undefined;
}

export interface LogStore {
  read(instance: InstanceName, filter: LogFilter): Promise<LogLine[]>;
  subscribe(instance: InstanceName, listener: (line: LogLine) => void): () => void;
  remove(instance: InstanceName): Promise<void>;
}
