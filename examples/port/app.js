// An application that only knows $PORT.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.end(`${process.env.TENANT_ID} on port ${process.env.PORT}\n`);
}).listen(Number(process.env.PORT), '127.0.0.1');
