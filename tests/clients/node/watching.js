'use strict';
// Watches a customer's context: a stream that goes on with its resume token wherever it breaks.

const { Refused } = require('./errors');
const { FRESH_TOKEN } = require('./tokens');

const FIRST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 10000;
const SILENT_PERIODS = 2;
// A stream that ends so is opened again.
const PASSING = new Set(['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNKNOWN']);

class Watch {
  // `heard(what, response)` is called with 'update' and 'heartbeat', and with 'broken' and why.
  constructor(suite, request, heard) {
    this.suite = suite;
    this.request = request;
    this.heard = heard;
    this.silenceMs = SILENT_PERIODS * (request.heartbeat_seconds || 15) * 1000;
    this.resumeToken = '';
    this.failures = 0;
    this.everHeard = false;
    this.freshTokens = 0;
    this.stopped = false;
  }

  // Goes on until `stop`. Throws Refused where opening the stream again is of no use.
  async run() {
    while (!this.stopped) {
      const refused = await this.readOne();
      if (this.stopped) return;
      this.heard('broken', refused);
      if (!this.mayGoOn(refused)) throw refused;
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs()));
    }
  }

  stop() {
    this.stopped = true;
    if (this.call) this.call.cancel();
  }

  // Reads one stream to its end, and gives how it ended.
  async readOne() {
    const call = await this.suite.watching.WatchCustomerContext({ ...this.request, resume_token: this.resumeToken });
    this.call = call;
    let silence;
    const wait = () => {
      clearTimeout(silence);
      silence = setTimeout(() => call.cancel(), this.silenceMs); // dead, whatever the connection says
    };
    return new Promise((resolve) => {
      wait();
      call.on('data', (response) => {
        wait();
        this.takeIn(response);
      });
      const ended = (error) => {
        clearTimeout(silence);
        const refused = new Refused(error);
        if (FRESH_TOKEN.has(refused.reason)) this.suite.tokens.forget(call.token);
        resolve(refused);
      };
      call.on('error', ended);
      call.on('end', () => ended({ code: 14, details: 'the stream ended' }));
    });
  }

  takeIn(response) {
    this.failures = 0;
    this.freshTokens = 0;
    this.everHeard = true;
    this.resumeToken = response.resume_token || this.resumeToken;
    this.heard(response.event, response);
  }

  mayGoOn(refused) {
    if (FRESH_TOKEN.has(refused.reason)) {
      this.freshTokens += 1;
      return this.freshTokens === 1;
    }
    if (refused.reason === 'PAGE_TOKEN_INVALID' && this.resumeToken) {
      this.resumeToken = '';
      return true;
    }
    if (refused.code === 'RESOURCE_EXHAUSTED') return this.everHeard; // another replica may have room
    return PASSING.has(refused.code) || refused.reason === 'CONFLICT';
  }

  pauseMs() {
    const longest = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    return longest * (0.5 + Math.random() / 2);
  }
}

module.exports = { Watch };
