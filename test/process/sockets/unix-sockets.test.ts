import { describe, expect, it } from 'vitest';
import { countConnections, listenerInodes } from '../../../src/process/sockets/unix-sockets.ts';

/** As the kernel prints it: the columns are as wide as they need to be. */
const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
00000000ebec1228: 00000003 00000000 00000000 0001 03 35152624
000000006d238f64: 00000002 00000000 00010000 0001 01 35948435 /run/t/.tenement-0/app-acme/s
000000005fe87f86: 00000003 00000000 00000000 0001 03    51401 /run/t/.tenement-0/app-acme/s
00000000df67a7f5: 00000003 00000000 00000000 0001 03 35150217 /run/t/.tenement-0/app-acme/s
00000000a44fa315: 00000002 00000000 00010000 0001 01      737 /run/t/.tenement-0/app-acme/s
00000000a44fa316: 00000002 00000000 00010000 0001 01 35951738 /run/t/.tenement-0/app-acme/s2
00000000a44fa317: 00000002 00000000 00010000 0001 01 35951739 @/run/t/.tenement-0/app-acme/s
`;

describe('the system’s table of Unix sockets', () => {
  it('has the number of connections of each listener, by its bound path', () => {
    expect([...countConnections(TABLE)]).toEqual([['/run/t/.tenement-0/app-acme/s', 2]]);
  });

  it('lists listeners under a name, also twice, and no connected or longer-named sockets', () => {
    expect(listenerInodes(TABLE, '/run/t/.tenement-0/app-acme/s')).toEqual(['35948435', '737']);
    expect(listenerInodes(TABLE, '/run/t')).toEqual([]);
    expect(listenerInodes('', '/run/t')).toEqual([]);
  });
});
