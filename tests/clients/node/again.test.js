'use strict';
// What is sent once more, and what is not: `node --test`.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Budget, again } = require('./again');

const after = (refused, { tried = 1, budget = new Budget(), jitter = () => 0.5 } = {}) =>
  again({ code: 'ABORTED', reason: '', metadata: {}, retryMs: null, ...refused }, { tried, budget, jitter });

test('what a stopping server cancelled is sent again, after growing pauses', () => {
  assert.deepEqual(after({ code: 'CANCELLED' }), { pauseMs: 50, with: '' });
  assert.deepEqual(after({ code: 'CANCELLED' }, { tried: 2 }), { pauseMs: 100, with: '' });
});

test('what is too much for the server is sent again after the time that it names, not before', () => {
  assert.deepEqual(after({ reason: 'RATE_LIMITED', retryMs: 400 }), { pauseMs: 500, with: '' });
  assert.deepEqual(after({ reason: 'OVERLOADED', retryMs: 400 }, { jitter: () => 0 }), { pauseMs: 400, with: '' });
  assert.equal(after({ reason: 'OVERLOADED' }), null);
});

test('a refused token and a wrong clock are mended once', () => {
  const skewed = { reason: 'CLOCK_SKEW', metadata: { server_time: '2026-11-26T12:00:00Z' } };
  assert.equal(after({ reason: 'TOKEN_EXPIRED' }).with, 'fresh token');
  assert.equal(after({ reason: 'TOKEN_EXPIRED' }, { tried: 2 }), null);
  assert.equal(after(skewed).with, 'fresh time');
  assert.equal(after(skewed, { tried: 2 }), null);
});

test('what somebody has to decide anew is never sent again', () => {
  for (const reason of ['ETAG_MISMATCH', 'INVALID_FIELD', 'CUSTOMER_NOT_FOUND', 'SCOPE_MISSING']) {
    assert.equal(after({ reason }), null);
  }
});

test('five tries are the most', () => {
  assert.notEqual(after({ reason: 'CONFLICT' }, { tried: 4 }), null);
  assert.equal(after({ reason: 'CONFLICT' }, { tried: 5 }), null);
});

test('ten at once, then one for every ten calls; a lost race takes nothing of it', () => {
  const budget = new Budget();
  const refused = { reason: 'OVERLOADED', retryMs: 100 };
  for (let count = 0; count < 10; count += 1) assert.notEqual(after(refused, { budget }), null);
  assert.equal(after(refused, { budget }), null);
  assert.notEqual(after({ reason: 'CONFLICT' }, { budget }), null);
  for (let count = 0; count < 11; count += 1) budget.called();
  assert.notEqual(after(refused, { budget }), null);
  assert.equal(after(refused, { budget }), null);
});
