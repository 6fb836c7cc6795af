/** What the package exports, nothing else. */
import './runtime.ts';

export type { Admission, Lease, Refusal } from './core/admission/serving.ts';
export type { InstanceView, SpawnOptions } from './core/input/verbs.ts';
export type { EventFilter, LogFilter, LogLine, TenementEvent } from './core/ports.ts';
export type { ErrorCode } from './errors.ts';
export { TenementError } from './errors.ts';
export { type CloseOptions, type Events, Hypervisor, type HypervisorOptions, type Instance } from './hypervisor.ts';
export type { Logger } from './logger.ts';
export type { Handler, HandlerOptions, Next } from './proxy/handler.ts';
