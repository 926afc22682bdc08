'use strict';
// What the load generator passes: --port 3000 --data DIR --sync FULL|NORMAL
const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    data: { type: 'string', default: '.' },
    sync: { type: 'string', default: 'FULL' },
    'bcrypt-cost': { type: 'string', default: '12' },
  },
});

if (!['FULL', 'NORMAL'].includes(values.sync)) {
  console.error('--sync is FULL or NORMAL');
  process.exit(2);
}

module.exports = {
  port: Number(values.port),
  data: values.data,
  sync: values.sync,
  bcryptCost: Number(values['bcrypt-cost']),
};
