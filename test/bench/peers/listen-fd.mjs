/** Makes a program listen on the socket that systemd passes, which the example does not know of. */
import { Server } from 'node:net';

const FIRST_FD = 3;
const { listen } = Server.prototype;
Server.prototype.listen = function listenOnHandedOver() {
  return listen.call(this, { fd: FIRST_FD });
};
