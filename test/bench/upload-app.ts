/** Reads uploads whole and answers with their length: `SOCKET`. */
import { createServer } from 'node:http';

createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => response.end(String(bytes)));
}).listen(process.argv[2]);
