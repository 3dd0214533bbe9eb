// oxlint-disable typescript/no-require-imports -- what a CommonJS module does
import client = require('rejoin/client');
import rejoin = require('rejoin/contract');
import server = require('rejoin/server');
import testkit = require('rejoin/testkit');

const race = rejoin.contract('race', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: rejoin.state<{ at: number[] }>(),
  actions: {},
});
console.log([race.name, typeof client.connect, typeof server.createServer, typeof testkit.table].join('\n'));
