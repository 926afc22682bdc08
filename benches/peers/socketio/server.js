'use strict';
// The express peer's accounts, statements and HTTP face; Socket.IO carries the frames.
const http = require('node:http');
const { Server } = require('socket.io');
const options = require('../express/options');
const accounts = require('../express/accounts').create(options);
const store = require('../express/store').open(options);

const server = http.createServer(require('../express/http').app(accounts));
const io = new Server(server, { maxHttpBufferSize: 1 << 20, serveClient: false });

io.use((socket, next) => {
  try {
    accounts.verify(socket.handshake.auth.token);
    next();
  } catch {
    next(new Error('unauthorized'));
  }
});

io.on('connection', (socket) => {
  socket.join('items');
  socket.emit('welcome', { type: 'welcome', cursor: String(store.commit()), commit: store.commit() });
  socket.on('subscribe', (frame) => {
    if (frame.tables.length > 0) socket.join('items');
    else socket.leave('items');
    socket.emit('result', { type: 'result', id: frame.id, tables: frame.tables, commit: store.commit() });
  });
  socket.on('query', (frame) => {
    try {
      const { result, change } = store.run(frame);
      socket.emit('result', { type: 'result', id: frame.id, ...result });
      if (change) io.to('items').emit('data_change', change); // the adapter encodes once for all
    } catch (error) {
      socket.emit('error_frame', { type: 'error', id: frame?.id ?? null, code: 'invalid_sql', message: error.message });
    }
  });
});

server.listen({ port: options.port, host: '127.0.0.1', backlog: 4096 }, () => console.log(`listening on ${options.port}`));
