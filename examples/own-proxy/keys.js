// Whose request it is: each customer has a key, sent as `Authorization: Bearer KEY`.
const CUSTOMERS = new Map([
  ['key-of-acme', 'acme'],
  ['key-of-globex', 'globex'],
]);

/** Returns the name of the instance; null: nobody has this key. */
export function instanceOf(request) {
  const [scheme, key] = (request.headers.authorization ?? '').split(' ');
  const customer = CUSTOMERS.get(key);
  return scheme !== 'Bearer' || customer === undefined ? null : `app:${customer}`;
}
