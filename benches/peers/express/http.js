'use strict';
// The HTTP face both peers share.
const express = require('express');

function app(accounts) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '1mb' }));
  app.get('/api/health', (_request, response) => response.json({ status: 'ok' }));
  app.post('/api/auth', async (request, response) => {
    const { username, password } = request.body ?? {};
    const session = typeof username === 'string' && typeof password === 'string'
      ? await accounts.login(username, password)
      : null;
    if (session) response.json(session);
    else response.status(401).json({ code: 'invalid_credentials' });
  });
  return app;
}

module.exports = { app };
