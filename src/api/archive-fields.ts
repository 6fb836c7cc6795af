/** Header fields about archives. */

/** The passphrase of an import in base64: its body is the archive. */
export const PASSPHRASE_HEADER = 'tenement-passphrase';
/** What an archive lacks is known only at its end. */
export const REPORT_TRAILER = 'Tenement-Report';
