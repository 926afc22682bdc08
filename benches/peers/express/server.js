'use strict';
const http = require('node:http');
const { WebSocketServer, WebSocket } = require('ws');
const options = require('./options');
const accounts = require('./accounts').create(options);
const store = require('./store').open(options);

const server = http.createServer(require('./http').app(accounts));
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 });

server.on('upgrade', (request, socket, head) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  try {
    if (new URL(request.url, 'http://hub').pathname !== '/ws') throw new Error('no such route');
    accounts.verify(token);
  } catch {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, welcome);
});

function welcome(ws) {
  ws.listening = true;
  ws.send(JSON.stringify({ type: 'welcome', cursor: String(store.commit()), commit: store.commit() }));
  ws.on('message', (data) => answer(ws, data));
  ws.on('error', () => ws.terminate());
}

function answer(ws, data) {
  let id = null;
  try {
    const frame = JSON.parse(data);
    id = frame.id ?? null;
    if (frame.type === 'subscribe') {
      ws.listening = frame.tables.length > 0;
      ws.send(JSON.stringify({ type: 'result', id, tables: frame.tables, commit: store.commit() }));
      return;
    }
    if (frame.type !== 'query') throw new Error('unknown frame type');
    const { result, change } = store.run(frame);
    ws.send(JSON.stringify({ type: 'result', id, ...result }));
    if (change) broadcast(change);
  } catch (error) {
    ws.send(JSON.stringify({ type: 'error', id, code: 'invalid_sql', message: error.message }));
  }
}

// Encoded once; each socket gets the same bytes.
function broadcast(change) {
  const frame = Buffer.from(JSON.stringify(change));
  for (const ws of sockets.clients) {
    if (ws.listening && ws.readyState === WebSocket.OPEN) ws.send(frame, { binary: false });
  }
}

server.listen({ port: options.port, host: '127.0.0.1', backlog: 4096 }, () => console.log(`listening on ${options.port}`));
