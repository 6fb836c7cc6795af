/** The proxy over the parts of a hypervisor, for the caller's own server. */
import type { Parts } from '../compose.ts';
import { proxyLimits } from '../core/limits/descriptors.ts';
import { createHandler, type HandlerOptions, type OpenHandler } from '../proxy/handler.ts';

export function openHandler(parts: Parts, isClosing: () => boolean, options: HandlerOptions): OpenHandler {
  const { supervisor, served, proxySettings, measures, tracing, identity, descriptors, logger } = parts;
  const limits = proxyLimits(served.current.proxy.limits, descriptors);
  const shared = { source: supervisor, settings: proxySettings, logger, measures, tracing, identity };
  return createHandler({ ...shared, limits, isClosing }, options);
}
