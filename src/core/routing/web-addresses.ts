/** URLs of instances. They contain the proxy's port, which for port 0 is known only once the proxy listens. */
import type { ConfigFeed } from '../service/served-config.ts';
import { serverNameOf } from '../tls/certificate.ts';
import type { TlsTable } from '../tls/tls-table.ts';
import { urlAt, type WebAddress, webAddressOf } from './web-address.ts';

export class WebAddresses {
  private readonly served: ConfigFeed;
  private readonly tls: TlsTable;
  private proxyPort: number;
  private tlsPort: number;

  /** @param proxyPort 0: not known yet @param tls has the certificates of the operator's */
  constructor(served: ConfigFeed, proxyPort: number, tls: TlsTable) {
    this.served = served;
    this.tls = tls;
    this.proxyPort = proxyPort;
    this.tlsPort = served.current.tls?.listen.port ?? 0;
  }

  of(service: string, tenantId: string): WebAddress {
    return webAddressOf(this.served.current, (host) => this.urlOf(host), service, tenantId);
  }

  /** Returns the URL of a host through the proxy; null while the port is not known. */
  urlOf(host: string): string | null {
    const securePort = this.served.current.tls?.publicPort ?? this.tlsPort;
    return this.isSecure(host) ? urlAt(host, 'https', securePort) : urlAt(host, 'http', this.proxyPort);
  }

  /** Whether clients reach a host by TLS: it has a certificate, or can have one issued. */
  private isSecure(host: string): boolean {
    const { tls } = this.served.current;
    const name = tls === null ? null : serverNameOf(host);
    return name !== null && (tls?.acme !== null || this.tls.certificates.find(name) !== null);
  }

  /** @param tlsPort null: the proxy speaks plain HTTP only */
  proxyListensAt(port: number, tlsPort: number | null): void {
    this.proxyPort = port;
    this.tlsPort = tlsPort ?? 0;
  }
}
