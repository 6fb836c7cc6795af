/** URLs of instances. They contain the proxy's port, which for port 0 is known only once the proxy listens. */
import type { ConfigFeed } from '../service/served-config.ts';
import { urlOf, type WebAddress, webAddressOf } from './web-address.ts';

export class WebAddresses {
  private readonly served: ConfigFeed;
  private proxyPort: number;

  /** @param proxyPort 0: not known yet */
  constructor(served: ConfigFeed, proxyPort: number) {
    this.served = served;
    this.proxyPort = proxyPort;
  }

  of(service: string, tenantId: string): WebAddress {
    return webAddressOf(this.served.current, this.proxyPort, service, tenantId);
  }

  /** Returns the URL of a host through the proxy; null while the proxy's port is not known. */
  urlOf(host: string): string | null {
    return urlOf(host, this.proxyPort);
  }

  proxyListensAt(port: number): void {
    this.proxyPort = port;
  }
}
