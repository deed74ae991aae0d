'use strict';
// Each mutation gets an id and the time of its issue, once per intent; both stay over every retry.

const { randomUUID } = require('node:crypto');
const { changes } = require('./protos');

// The time at the server as far as its answers have told: this machine's own clock may be wrong.
class ServerClock {
  constructor(now = Date.now) {
    this.wallClock = now;
    this.offsetMs = 0;
  }

  now() {
    return this.wallClock() + this.offsetMs;
  }

  learn(serverTime) {
    this.offsetMs = Date.parse(serverTime) - this.wallClock();
  }
}

function timestamp(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

// The request with what is missing. Who may send it again from elsewhere fills in both, and keeps them.
function stamped(request, method, clock) {
  if (!changes(method)) return request;
  return {
    ...request,
    request_id: request.request_id || randomUUID(),
    issue_time: request.issue_time || timestamp(clock.now()),
  };
}

// The same request, same id, with the time of issue by the corrected clock.
function reissued(request, clock) {
  return { ...request, issue_time: timestamp(clock.now()) };
}

module.exports = { ServerClock, reissued, stamped, timestamp };
