/** A request whose token is being checked. Its body waits with the client until the route is known. */
import { fault } from '../faults.ts';
import type { ClientRequest, ClientResponse, ServedRequest } from './client/client.ts';
import type { Gateway } from './gateway.ts';
import type { Routed } from './routing/route.ts';
import { serveRouted } from './serve-request.ts';

export class PendingRequest implements ServedRequest {
  private readonly request: ClientRequest;
  private readonly response: ClientResponse;
  private readonly gateway: Gateway;
  private readonly route: Promise<Routed>;
  /** Set once the route is known. */
  private served: ServedRequest | null = null;
  private isOver = false;

  constructor(request: ClientRequest, response: ClientResponse, gateway: Gateway, route: Promise<Routed>) {
    this.request = request;
    this.response = response;
    this.gateway = gateway;
    this.route = route;
    gateway.inFlight.begin(response);
  }

  start(): void {
    this.route.then(
      (route) => this.begin(route),
      (error: unknown) => {
        fault(this.gateway.logger, error);
        this.begin({ refused: 'internal' });
      },
    );
  }

  private begin(route: Routed): void {
    if (this.isOver) return;
    try {
      this.served = serveRouted(this.request, this.response, this.gateway, route);
      this.served.start();
    } catch (error) {
      fault(this.gateway.logger, error);
      this.response.destroy();
    }
  }

  closed(): void {
    this.isOver = true;
    if (this.served === null) this.gateway.inFlight.end(this.response);
    else this.served.closed();
  }

  drained(): void {
    this.served?.drained();
  }
}
