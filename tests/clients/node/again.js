'use strict';
// Whether a refused call is sent once more, and when. UNAVAILABLE is not among it: the service config sends that again.

const { FRESH_TOKEN } = require('./tokens');

// Over in a moment; the first says nothing of a server that cannot keep up, and takes nothing of the budget.
const PASSING = new Set(['CONFLICT', 'OUTBOX_FULL']);
// These say themselves when to try again, in `google.rpc.RetryInfo`.
const TOO_MUCH = new Set(['OVERLOADED', 'RATE_LIMITED']);
const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 50;

// A share of what is sent may be sent again: ten at once, and one more for every ten calls.
class Budget {
  constructor(most = 10, share = 0.1) {
    this.most = most;
    this.share = share;
    this.left = most;
  }

  called() {
    this.left = Math.min(this.most, this.left + this.share);
  }

  take() {
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}

// What to do after try number `tried` (1, 2, ...) was refused: null, or after how long to send what.
// `with` is 'fresh token' or 'fresh time' where the same request would be refused again.
function again(refused, { tried, budget, jitter = Math.random }) {
  if (FRESH_TOKEN.has(refused.reason)) return tried === 1 ? { pauseMs: 0, with: 'fresh token' } : null;
  if (refused.reason === 'CLOCK_SKEW' && refused.metadata.server_time) {
    return tried === 1 ? { pauseMs: 0, with: 'fresh time' } : null;
  }
  const pauseMs = pauseAfter(refused, tried, jitter());
  if (pauseMs === null || tried >= MOST_TRIES) return null;
  return refused.reason === 'CONFLICT' || budget.take() ? { pauseMs, with: '' } : null;
}

function pauseAfter(refused, tried, jitter) {
  // CANCELLED without a reason comes from a server that stops: it had not taken the call in.
  if (PASSING.has(refused.reason) || (refused.code === 'CANCELLED' && !refused.reason)) {
    return jitter * FIRST_PAUSE_MS * 2 ** tried;
  }
  if (TOO_MUCH.has(refused.reason) && refused.retryMs) return refused.retryMs * (1 + jitter / 2);
  return null;
}

module.exports = { Budget, again };
