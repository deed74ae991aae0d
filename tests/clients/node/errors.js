'use strict';
// What a refusal says, typed: reason and owner, its dynamic parts, the fields at fault, and when to try again.

const { status } = require('@grpc/grpc-js');
const { read } = require('./protos');

const DETAILS = 'grpc-status-details-bin';

class Refused extends Error {
  constructor(error) {
    super(`${status[error.code]} ${error.details}`);
    const details = detailsIn(error);
    const info = details['google.rpc.ErrorInfo'];
    const retry = details['google.rpc.RetryInfo'];
    const bad = details['google.rpc.BadRequest'];
    this.code = status[error.code] || 'UNKNOWN';
    // Empty where it was not the suite that answered.
    this.reason = info ? info.reason : '';
    this.domain = info ? info.domain : '';
    this.metadata = info ? info.metadata : {};
    this.fields = bad ? bad.field_violations.map(({ field, description }) => ({ field, description })) : [];
    this.retryMs = retry && retry.retry_delay ? milliseconds(retry.retry_delay) : null;
    // All of them by their full names, also those of single reasons (`omnithread.cart.v1.CartDifference`).
    this.details = details;
  }
}

function detailsIn(error) {
  const [bytes] = (error.metadata && error.metadata.get(DETAILS)) || [];
  const found = {};
  if (!bytes) return found;
  for (const { type_url: url, value } of read('google.rpc.Status', bytes).details) {
    const name = url.slice(url.lastIndexOf('/') + 1);
    found[name] = read(name, value);
  }
  return found;
}

function milliseconds({ seconds, nanos }) {
  return Number(seconds) * 1000 + nanos / 1e6;
}

module.exports = { Refused };
