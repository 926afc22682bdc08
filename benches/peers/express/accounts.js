'use strict';
// Log in: bcrypt on the thread pool, tokens signed and verified with a key made once.
const crypto = require('node:crypto');
const bcrypt = require('bcrypt');
const jwt = require('jsonwebtoken');

const TTL_S = 15 * 60;
const key = crypto.createSecretKey(crypto.randomBytes(32));

function create({ bcryptCost }) {
  const users = new Map(['writer', 'reader', 'boss'].map((username, index) => [
    username,
    { id: index + 1, username, role: username, hash: bcrypt.hashSync('demo', bcryptCost) },
  ]));
  const nobody = { hash: bcrypt.hashSync('nobody', bcryptCost) };

  async function login(username, password) {
    const user = users.get(username);
    const right = await bcrypt.compare(password, (user ?? nobody).hash);
    if (!user || !right) return null;
    const token = jwt.sign({ sub: String(user.id), role: user.role }, key, { expiresIn: TTL_S });
    return {
      token,
      token_type: 'Bearer',
      expires_in: TTL_S,
      user: { id: user.id, username, display_name: username, role: user.role, lang: 'en' },
    };
  }

  // The claims, or an exception.
  const verify = (token) => jwt.verify(token, key, { algorithms: ['HS256'] });
  return { login, verify };
}

module.exports = { create };
