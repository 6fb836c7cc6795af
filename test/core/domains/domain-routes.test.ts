import { expect, it } from 'vitest';
import { type DomainRoute, DomainRoutes } from '../../../src/core/domains/domain-routes.ts';

it('a change is routed by at once, and is over when every listener has it', async () => {
  const routes = new DomainRoutes();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  routes.onChanged(() => promise);
  const change = routes.change([['a.example', 'api:acme']]).then(() => {
    isOver = true;
  });
  expect(routes.get('a.example')).toBe('api:acme');
  await Promise.resolve();
  expect(isOver).toBe(false);
  resolve();
  await change;
});

it('a reader of pieces that also follows the changes has what the table has', () => {
  const routes = new DomainRoutes();
  void routes.change(Array.from({ length: 10 }, (_, index): DomainRoute => [`${index}.example`, 'api:acme']));
  const copy = new DomainRoutes();
  routes.onChanged((changed) => void copy.change(changed));
  const pieces = routes.pieces(3);
  const read = () => {
    const { value, done } = pieces.next();
    if (done !== true) void copy.change(value);
    return done !== true;
  };
  read();
  void routes.change([
    ['0.example', null],
    ['1.example', 'api:globex'],
    ['9.example', null],
    ['new.example', 'api:acme'],
  ]);
  read();
  void routes.change([
    ['1.example', 'web:acme'],
    ['7.example', null],
    ['0.example', 'api:back'],
  ]);
  while (read());
  const all = ({ pieces: read }: DomainRoutes, of: DomainRoutes) => new Map([...read.call(of, 100)].flat());
  expect(all(copy, copy)).toEqual(all(routes, routes));
  expect(copy.get('0.example')).toBe('api:back');
});

it('pieces are bounded', () => {
  const routes = new DomainRoutes();
  void routes.change(Array.from({ length: 7 }, (_, index): DomainRoute => [`${index}.example`, 'api:acme']));
  expect([...routes.pieces(3)].map(({ length }) => length)).toEqual([3, 3, 1]);
});
