/** What metrics say of an instance. */
import type { InstanceView } from './verbs.ts';

export type InstanceReading = Pick<
  InstanceView,
  | 'service'
  | 'id'
  | 'state'
  | 'requests'
  | 'restarts'
  | 'wakes'
  | 'memoryBytes'
  | 'storageBytes'
  | 'cpuSeconds'
  | 'inFlight'
  | 'openStreams'
  | 'openConnections'
>;
