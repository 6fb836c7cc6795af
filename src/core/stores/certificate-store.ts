/** Storage of what is known of certificates, which the registry implements. Keys and chains are files beside it. */
import type { CertificateRecord } from '../acme/certificate-record.ts';
import type { BegunOrder } from '../acme/order-share.ts';

export interface CertificateStore {
  /** @throws {TenementError} `state_failed` */
  list(): Iterable<CertificateRecord>;
  /** Adds or replaces records in one transaction. @throws {TenementError} `state_failed` */
  put(records: readonly CertificateRecord[]): void;
  /** @throws {TenementError} `state_failed` */
  remove(name: string): void;
  /** Lists orders begun since then. @throws {TenementError} `state_failed` */
  ordersSince(sinceMs: number): BegunOrder[];
  /** Notes an order, and forgets those before `sinceMs`. @throws {TenementError} `state_failed` */
  addOrder(order: BegunOrder, sinceMs: number): void;
}
