/** The secrets of a `secret_file`. Pure. */

/** RFC 7518 §3.2: a key of HS256 has at least as many bits as its hash. */
const MIN_BYTES = 32;
const MAX_SECRETS = 4;

/** Returns the secrets, one a line; a string says what is wrong with them. */
export function hmacSecrets(text: string): string[] | string {
  const secrets = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (secrets.length === 0) return 'it is empty';
  if (secrets.length > MAX_SECRETS)
    return `it has ${secrets.length} lines; expected at most ${MAX_SECRETS} secrets, one a line`;
  const short = secrets.find((secret) => byteLength(secret) < MIN_BYTES);
  if (short === undefined) return secrets;
  return `a secret of ${byteLength(short)} bytes can be guessed; expected ${MIN_BYTES} or more, as from: openssl rand -hex 32`;
}

function byteLength(secret: string): number {
  return new TextEncoder().encode(secret).length;
}
