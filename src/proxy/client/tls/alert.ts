/** Alerts that are sent before a handshake, in a record of their own (RFC 8446 §6). */

const INTERNAL_ERROR = 80;
const UNRECOGNIZED_NAME = 112;

/** There is no certificate for the name that the client asks for (RFC 6066 §3). */
export const UNKNOWN_NAME_ALERT = fatal(UNRECOGNIZED_NAME);

/** There is no room for another connection. */
export const NO_ROOM_ALERT = fatal(INTERNAL_ERROR);

/** Every byte is one of ASCII. */
function fatal(description: number): string {
  return String.fromCharCode(0x15, 3, 1, 0, 2, 2, description);
}
