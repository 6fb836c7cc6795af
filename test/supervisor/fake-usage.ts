/** Records what the supervisor tells about the use of its instances. */
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { Traffic } from '../../src/core/usage/traffic.ts';
import type { InstanceUsage, UsageRecorder } from '../../src/core/usage/usage-recorder.ts';

export class FakeUsage implements UsageRecorder {
  /** Every call but measurements, in order, for example `api:acme woke`. */
  readonly calls: string[] = [];
  /** Instance → its measurements of processor time. */
  readonly cpuSeconds = new Map<InstanceName, number[]>();
  /** Tenant → what its directory took at the last measurement. */
  readonly storageBytes = new Map<string, number>();
  readonly traffic = new Traffic();

  of(instance: InstanceName): InstanceUsage {
    const note = (call: string) => void this.calls.push(`${instance} ${call}`);
    return {
      traffic: this.traffic,
      woke: () => note('woke'),
      launched: ({ identity }) => note(`launched ${identity.pid}`),
      adopted: ({ identity }, isSuspended) => note(`adopted ${identity.pid}${isSuspended ? ' suspended' : ''}`),
      measured: ({ cpuSeconds }) => {
        this.cpuSeconds.set(instance, [...(this.cpuSeconds.get(instance) ?? []), cpuSeconds]);
      },
      suspended: (isSuspended) => note(isSuspended ? 'suspended' : 'resumed'),
      ended: (last) => note(`ended ${last?.cpuSeconds ?? 'unread'}`),
    };
  }

  stored(tenantId: string, bytes: number): void {
    this.storageBytes.set(tenantId, bytes);
  }

  total(): number {
    return 0;
  }

  onGrowth(): void {}
}
