/** http-proxy with a target on a Unix socket, by default or with a keep-alive agent: `PORT DIR plain|agent`. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port = '0', dir = '.', mode = 'plain'] = process.argv.slice(2);
const agent = mode === 'agent' ? { agent: new Agent({ keepAlive: true, maxSockets: 600 }) } : {};
const proxy = httpProxy.createProxyServer({ ...agent, xfwd: true });
proxy.on('error', () => {});
const target = { protocol: 'http:', host: 'localhost', port: 80, socketPath: `${dir}/t0.sock` };
createServer((request, response) => proxy.web(request, response, { target })).listen(Number(port), '127.0.0.1');
