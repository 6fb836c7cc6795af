const { existsSync, readFileSync } = require('node:fs');
const { events } = require('node-red');

const { SOCKET_PATH, DATA_DIR } = process.env;
const hash = `${DATA_DIR}/admin.hash`;
const administrator = () => ({ username: 'admin', password: readFileSync(hash, 'utf8').trim(), permissions: '*' });

// Node-RED listens before its flows run.
let hasBegun = false;
events.once('flows:started', () => {
  hasBegun = true;
});

module.exports = {
  uiPort: SOCKET_PATH,
  userDir: DATA_DIR,
  flowFile: 'flows.json',
  adminAuth: { type: 'credentials', users: existsSync(hash) ? [administrator()] : [] },
  httpAdminMiddleware(request, response, next) {
    if (request.path === '/health') response.sendStatus(hasBegun ? 200 : 503);
    else next();
  },
};
