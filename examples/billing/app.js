// An application that costs something: it counts to the number that it is asked for.
import { createServer } from 'node:http';

createServer((request, response) => {
  const last = Math.min(1e8, Number(new URL(request.url, 'http://localhost').searchParams.get('to') ?? 1e6));
  let sum = 0;
  for (let number = 1; number <= last; number += 1) sum += number;
  response.end(`${process.env.TENANT_ID}: ${sum}\n`);
}).listen(process.env.SOCKET_PATH);
