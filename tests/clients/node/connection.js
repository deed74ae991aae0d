'use strict';
// One connection to the suite: stubs of all services, with TLS, service config, deadlines, ids, tokens and labels.

const grpc = require('@grpc/grpc-js');
const { Budget, again } = require('./again');
const { Refused } = require('./errors');
const { SERVICES, methodsOf } = require('./protos');
const { ServerClock, reissued, stamped } = require('./requests');

const OPTIONS = {
  'grpc.service_config': JSON.stringify(require('./service_config.json')),
  'grpc.keepalive_time_ms': 20000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};
const RAW = Symbol('the bytes of an answer');

// `addresses` by area; `roots` is PEM of whom to trust, else gRPC's own choice; `noted` hears of every refused try.
// Gives stubs whose methods are `async (request, visit) => answer`; those that stream give grpc's call.
function connect(addresses, { tokens, roots = null, timeoutMs = 5000, noted = () => {} }) {
  const credentials = grpc.credentials.createSsl(roots);
  const shared = { tokens, timeoutMs, noted, clock: new ServerClock(), budget: new Budget() };
  const clients = [];
  const stubs = {};
  for (const [stub, [area, service]] of Object.entries(SERVICES)) {
    const methods = keepingBytes(methodsOf(area, service));
    const client = new (grpc.makeGenericClientConstructor(methods, service))(addresses[area], credentials, OPTIONS);
    clients.push(client);
    stubs[stub] = {};
    for (const [name, method] of Object.entries(methods)) {
      const open = client[name].bind(client);
      stubs[stub][name] = method.responseStream
        ? async (request, visit) => opened(open, request, visit, shared)
        : (request, visit) => unary(open, method, request, visit, shared);
    }
  }
  return { ...stubs, tokens, close: () => clients.forEach((client) => client.close()) };
}

async function unary(open, method, given, visit, { tokens, timeoutMs, noted, clock, budget }) {
  let request = stamped(given, method, clock);
  const deadline = Date.now() + timeoutMs; // of the call as a whole, whatever is tried
  budget.called();
  for (let tried = 1; ; tried += 1) {
    const token = await tokens.get();
    try {
      return await once(open, request, metadataOf(token, visit), deadline);
    } catch (error) {
      const refused = new Refused(error);
      noted({ method: method.path, tried, code: refused.code, reason: refused.reason });
      const next = again(refused, { tried, budget });
      if (!next || Date.now() + next.pauseMs >= deadline) throw refused;
      if (next.with === 'fresh token') tokens.forget(token);
      if (next.with === 'fresh time') {
        clock.learn(refused.metadata.server_time);
        request = reissued(request, clock);
      }
      await new Promise((resolve) => setTimeout(resolve, next.pauseMs));
    }
  }
}

function once(open, request, metadata, deadline) {
  return new Promise((resolve, reject) => {
    open(request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// A stream has no deadline: it goes on until one side ends it.
async function opened(open, request, visit, { tokens }) {
  const token = await tokens.get();
  return Object.assign(open(request, metadataOf(token, visit)), { token });
}

// `visit` is what StartSession answered: its labels go with every call of the visit.
function metadataOf(token, visit) {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  if (visit) {
    const pairs = [['journey.id', visit.journey_id], ['session.id', visit.session_id]];
    metadata.set('baggage', pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join(','));
  }
  return metadata;
}

function keepingBytes(methods) {
  const kept = ([name, method]) => {
    const responseDeserialize = (bytes) => Object.assign(method.responseDeserialize(bytes), { [RAW]: bytes });
    return [name, { ...method, responseDeserialize }];
  };
  return Object.fromEntries(Object.entries(methods).map(kept));
}

module.exports = { RAW, connect };
