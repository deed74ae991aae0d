'use strict';
// The channel's token: kept until shortly before it runs out, and fetched anew when the suite refuses it.

const { readFile } = require('node:fs/promises');

const REFRESH_BEFORE_MS = 30000;
const FETCH_MS = 10000;
// Refusals that another token may mend.
const FRESH_TOKEN = new Set(['TOKEN_EXPIRED', 'TOKEN_INVALID']);

class Tokens {
  // `fetchOne` gives a fresh token.
  constructor(fetchOne, now = Date.now) {
    this.fetchOne = fetchOne;
    this.now = now;
    this.token = '';
    this.goodUntil = -Infinity;
    this.fetching = null;
  }

  // Those who need another one at the same time wait for one fetch.
  async get() {
    if (this.now() < this.goodUntil) return this.token;
    this.fetching ||= this.fetchOne()
      .then((token) => {
        this.token = token;
        this.goodUntil = endOf(token) - REFRESH_BEFORE_MS;
      })
      .finally(() => {
        this.fetching = null;
      });
    await this.fetching;
    return this.token;
  }

  // The suite refuses this token: the next call is to have another one, if nobody has fetched it already.
  forget(token) {
    if (token === this.token) this.goodUntil = -Infinity;
  }
}

// When a JWT runs out, in ms since 1970. To check it is up to the server.
function endOf(token) {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp * 1000;
  } catch {
    return Infinity;
  }
}

// From a file that whoever runs this program renews.
function fromFile(file) {
  return async () => (await readFile(file, 'utf8')).trim();
}

// From the identity provider, as its token endpoint answers.
function fromEndpoint(url) {
  return async () => {
    const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(FETCH_MS) });
    if (!answer.ok) throw new Error(`no token: ${answer.status}`);
    return (await answer.json()).access_token;
  };
}

module.exports = { FRESH_TOKEN, Tokens, fromEndpoint, fromFile };
