/** Certificates by ACME of the served config. What orders them is loaded when the config has `[tls.acme]`. */
import { dirname } from 'node:path';
import type { AcmeServiceOptions, HostOwner } from '../../acme/acme-parts.ts';
import type { AcmeService } from '../../acme/acme-service.ts';
import type { Actor } from '../../core/access/actor.ts';
import type { CertificateFace, CertificateQuery } from '../../core/acme/certificate-face.ts';
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import type { DomainRoute, DomainRoutes } from '../../core/domains/domain-routes.ts';
import { type InstanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { Config } from '../../core/service/service.ts';
import { type Certificate, ISSUED_RANK } from '../../core/tls/certificate.ts';
import { TenementError } from '../../errors.ts';
import { detached } from '../../faults.ts';
import { whenWritable } from '../../registry/patience.ts';

type Given = 'stateDir' | 'version' | 'store' | 'table' | 'openHookRunner' | 'events' | 'clock' | 'logger';

export interface CertificatesDeps extends Pick<AcmeServiceOptions, Given> {
  readonly domainRoutes: DomainRoutes;
  readonly tenants: {
    readonly tenantCount: number;
    onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void;
    onTenantPurged(listener: (tenantId: string) => void): void;
  };
  /** Returns the instance that the proxy finds for a host; null: none. */
  instanceOf(host: string): InstanceName | null;
  /** Whether tenants share a host. */
  isShared(host: string): boolean;
}

/** How many domains are taken from the table at once. */
const PIECE = 1000;

export class Certificates implements CertificateFace {
  private readonly deps: CertificatesDeps;
  private service: AcmeService | null = null;
  private applied: Settings | null = null;
  private isBegun = false;
  /** Changes of the config one after the other. */
  private changing: Promise<void> = Promise.resolve();

  constructor(deps: CertificatesDeps) {
    this.deps = deps;
    deps.domainRoutes.onChanged((routes) => this.follow(routes));
    deps.tenants.onRegistration((instance, registered) => this.followInstance(instance, registered));
    deps.tenants.onTenantPurged((tenantId) => this.tenantPurged(tenantId));
  }

  get isOn(): boolean {
    return this.applied !== null;
  }

  /** Begins orders: the proxy listens, and answers challenges. */
  async begin(): Promise<void> {
    this.isBegun = true;
    await this.changing;
    await this.service?.begin();
  }

  /** Uses a config. Settles when its certificates are shown. */
  apply(config: Config): Promise<void> {
    const settings = settingsOf(config);
    if (JSON.stringify(settings) === JSON.stringify(this.applied)) return this.changing;
    this.applied = settings;
    this.changing = this.changing.then(() => this.changeTo(settings));
    return this.changing;
  }

  /** See `AcmeService.obtain`. */
  readonly obtain = async (host: string): Promise<void> => {
    await this.service?.obtain(host);
  };

  list(query?: CertificateQuery): CertificateView[] {
    return this.service?.list(query) ?? [];
  }

  of(host: string): CertificateView | null {
    return this.service?.of(host) ?? null;
  }

  async renew(name: string, by: Actor): Promise<CertificateView> {
    if (this.service === null) throw new TenementError('certificates_off', 'the config has no [tls.acme]');
    return this.service.renew(name, by);
  }

  /** Ends what is under way; orders go on with the next server. */
  async close(): Promise<void> {
    this.applied = null;
    await this.changing;
    const { service } = this;
    this.service = null;
    await service?.close();
  }

  private async changeTo(settings: Settings | null): Promise<void> {
    await this.service?.close();
    this.service = null;
    if (settings === null) return;
    const { AcmeService: Service } = await import('../../acme/acme-service.ts');
    if (this.applied !== settings) return;
    const { instanceOf, isShared, table, tenants } = this.deps;
    const service = new Service({
      ...this.deps,
      ...settings,
      whenWritable,
      activeDomains: () => this.activeDomains(),
      ownerOf: (host) => ownerOf(instanceOf(host)) ?? (isShared(host) ? SERVER : null),
      isCovered: (name) => isOperators(table.certificates.find(name)),
      tenantCount: () => tenants.tenantCount,
    });
    this.service = service;
    await service.open();
    if (this.isBegun) await service.begin();
  }

  private tenantPurged(tenantId: string): void {
    const { service } = this;
    if (service !== null) detached(this.deps.logger, ACME, service.removeTenant(tenantId));
  }

  private *activeDomains(): Generator<readonly [host: string, tenantId: string]> {
    for (const piece of this.deps.domainRoutes.pieces(PIECE))
      for (const [host, instance] of piece) if (instance !== null) yield [host, parseInstanceName(instance).tenantId];
  }

  /** A domain may have been added before the instance that it leads to. */
  private followInstance(instance: InstanceName, registered: boolean): void {
    if (this.service === null || !registered) return;
    for (const piece of this.deps.domainRoutes.pieces(PIECE))
      this.follow(piece.filter(([, other]) => other === instance));
  }

  private follow(routes: readonly DomainRoute[]): void {
    const { service } = this;
    if (service === null) return;
    for (const [host, instance] of routes) {
      const change =
        instance === null ? service.unwant(host) : service.want(host, parseInstanceName(instance).tenantId);
      detached(this.deps.logger, ACME, change);
    }
  }
}

type Settings = Pick<AcmeServiceOptions, 'config' | 'domains' | 'httpPort' | 'workdir'>;

function settingsOf({ file, tls, proxy }: Config): Settings | null {
  if (tls?.acme == null) return null;
  return { config: tls.acme, domains: proxy.domains, httpPort: proxy.listen.port, workdir: dirname(file) };
}

const ACME = { part: 'acme' } as const;

/** Of a host that tenants share. The config bounds how many there are: a domain, and a label of it for each service. */
const SERVER: HostOwner = { tenantId: null };

function ownerOf(instance: InstanceName | null): HostOwner | null {
  return instance === null ? null : { tenantId: parseInstanceName(instance).tenantId };
}

/** Whether the operator has a certificate for a name, so that none is to be ordered. */
function isOperators(certificate: Certificate | null): boolean {
  return certificate !== null && certificate.rank < ISSUED_RANK && certificate.names.length > 0;
}
