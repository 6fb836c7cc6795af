/** Signing secrets of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64, one a line. Pure. */

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const MIN_BYTES = 24;
const MAX_BYTES = 64;
/** While a secret is replaced, messages are signed with the new and the old one. */
const MAX_SECRETS = 5;

/** Returns the keys, or what is wrong with the text, without any part of a secret. */
export function signingKeys(text: string): readonly Buffer[] | string {
  const lines = text.split('\n').map((line) => line.trim());
  const secrets = lines.filter((line) => line !== '');
  if (secrets.length === 0) return 'is empty; expected a secret like whsec_ and 24 to 64 bytes in base64';
  if (secrets.length > MAX_SECRETS) return `has ${secrets.length} secrets; expected at most ${MAX_SECRETS}`;
  const keys: Buffer[] = [];
  for (const secret of secrets) {
    const [, encoded] = SECRET.exec(secret) ?? [];
    const at = `line ${lines.indexOf(secret) + 1}`;
    if (encoded === undefined) return `${at} is not whsec_ followed by base64`;
    const key = Buffer.from(encoded, 'base64');
    if (key.length < MIN_BYTES || key.length > MAX_BYTES)
      return `${at} is a secret of ${key.length} bytes; expected ${MIN_BYTES} to ${MAX_BYTES}`;
    keys.push(key);
  }
  return keys;
}
