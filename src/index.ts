/** What the package exports, nothing else. */
export type {
  Claim,
  InstanceView,
  Lease,
  LogFilter,
  LogLine,
  Refusal,
  SpawnOptions,
  TenementEvent,
} from './core/ports.ts';
export type { ErrorCode } from './errors.ts';
export { TenementError } from './errors.ts';
export { Hypervisor, type HypervisorOptions, type Instance } from './hypervisor.ts';
export type { Logger } from './logger.ts';
