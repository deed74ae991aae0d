'use strict';
// A web shop's backend as a program: `node story.js CHANNEL TOKEN_FILE`; OMNITHREAD_TOKEN_ENDPOINT names an address
// that gives tokens in place of the file. Acts come as lines of JSON (`{"act": "put_into_cart", "with": {"sku": "PURSE-17"}}`), what the shop saw
// goes back as lines: the way of deploy/demo/channels, so the demo's own scenes can be played with it.

const { readFileSync } = require('node:fs');
const readline = require('node:readline');
const { connect } = require('./connection');
const { Contract } = require('./contract');
const { Refused } = require('./errors');
const { Shop } = require('./shop');
const { Tokens, fromEndpoint, fromFile } = require('./tokens');

const CALL_TIMEOUT_MS = 20000; // the machine may be busy with much else
const [channel, tokenFile] = process.argv.slice(2);
const endpoint = process.env.OMNITHREAD_TOKEN_ENDPOINT;

function addresses() {
  const at = (service) => process.env[`OMNITHREAD_${service}_ADDRESS`];
  return {
    profile: at('PROFILE'),
    cart: at('CART'),
    preference: at('PREFERENCE'),
    messaging: at('MESSAGING'),
    context: at('AGGREGATOR'),
  };
}

function say(told) {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

async function main() {
  const tries = [];
  const suite = connect(addresses(), {
    tokens: new Tokens(endpoint ? fromEndpoint(endpoint) : fromFile(tokenFile)),
    roots: readFileSync(process.env.OMNITHREAD_ROOT_CERTIFICATES_FILE),
    timeoutMs: CALL_TIMEOUT_MS,
    noted: (refused) => tries.push(refused),
  });
  const shop = new Shop(suite);
  const contract = new Contract(suite, shop, tries);
  say({ ready: channel });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    const who = typeof shop[order.act] === 'function' ? shop : contract;
    tries.length = 0;
    try {
      say({ report: await who[order.act](order.with) });
    } catch (error) {
      say({ failed: error instanceof Refused ? `${error.code} ${error.reason}: ${error.message}` : error.stack });
    }
  }
  suite.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
