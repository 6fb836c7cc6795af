/** Shows a newcomer what to try, as lines that work when pasted. */
import type { Daemon } from '../daemon.ts';

export function welcome(daemon: Daemon): string {
  const urls = daemon.hypervisor.list().flatMap((instance) => (instance.url === null ? [] : [instance.url]));
  const [first] = urls;
  const service = daemon.hypervisor.list()[0]?.service;
  if (first === undefined || service === undefined) return '';
  const initech = first.replace(/^(https?:\/\/)[^.]+/, '$1initech');
  return `
One process and one database for each customer. Open in a browser:

${urls.map((url) => `    ${url}/`).join('\n')}

or paste into a second terminal:

    curl ${first}/api/notes
    curl -d '{"text":"hello"}' -H 'content-type: application/json' ${first}/api/notes
    node_modules/.bin/tenement spawn ${service} --id initech
    curl ${initech}/
    node_modules/.bin/tenement ps
    node_modules/.bin/tenement sleep ${service}:initech
    curl ${initech}/api/notes
    node_modules/.bin/tenement status ${service}:initech
    node_modules/.bin/tenement events

Ctrl-C ends it; what the customers wrote stays in ${daemon.hypervisor.config.dataDir}.
`;
}
