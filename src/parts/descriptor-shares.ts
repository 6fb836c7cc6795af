import { type DescriptorShares, shareDescriptors } from '../core/limits/descriptors.ts';
import type { Config } from '../core/service/service.ts';
import { descriptorLimit } from '../process/launch/descriptors.ts';

/** Shares of the files that this process may open, for as many instances as there may be soon. */
export function sharesOf({ settings, instances }: Config, registered: number): DescriptorShares {
  return shareDescriptors(descriptorLimit(), settings.maxRunning, Math.max(registered, instances.length));
}
