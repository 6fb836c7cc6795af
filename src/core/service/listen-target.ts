/** Where a part of the server accepts connections. */
import type { ListenAddress } from './service.ts';

export interface ListenTarget extends ListenAddress {
  /**
   * Opens descriptors of sockets that listen at the address already, as systemd's do, for as many accepting handles, and at
   * least one for each socket. The caller closes them. Left out: the address is to be bound.
   * @throws {TenementError} `listen_failed`
   */
  readonly openSockets?: ((handles: number) => readonly number[]) | undefined;
}
