'use strict';
// The contract, read from the .proto files: the services that a shop calls, and every message by its name.

const path = require('node:path');
const loader = require('@grpc/proto-loader');

const PROTOS = process.env.OMNITHREAD_PROTOS || path.resolve(__dirname, '../../../protos');

// By the name of its stub: the area that serves it, and the service.
const SERVICES = {
  profile: ['profile', 'ProfileService'],
  carts: ['cart', 'CartService'],
  orders: ['cart', 'OrderService'],
  preference: ['preference', 'PreferenceService'],
  messaging: ['messaging', 'MessagingService'],
  campaignReports: ['messaging', 'CampaignReportService'],
  context: ['context', 'ContextService'],
  journeys: ['context', 'JourneyService'],
  watching: ['context', 'WatchService'],
};
const ALSO = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];

function fileOf(area, service) {
  const words = service.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return `omnithread/${area}/v1/${words}.proto`;
}

const FILES = Object.values(SERVICES).map(([area, service]) => fileOf(area, service));
const definitions = loader.loadSync([...FILES, ...ALSO], {
  includeDirs: [PROTOS, path.join(PROTOS, 'third_party')],
  keepCase: true,
  enums: String,
  longs: String,
  defaults: true,
  arrays: true,
  oneofs: true,
});

// The methods of a service, by name.
function methodsOf(area, service) {
  return definitions[`omnithread.${area}.v1.${service}`];
}

// Reads the bytes of a message by its full name (`google.rpc.ErrorInfo`); null for one that is not in these files.
function read(name, bytes) {
  const found = definitions[name];
  return found && found.deserialize ? found.deserialize(bytes) : null;
}

// Whether a method changes something: its request then has an id and a time of issue.
function changes(method) {
  const names = new Set(method.requestType.type.field.map((field) => field.name));
  return names.has('request_id') && names.has('issue_time');
}

module.exports = { SERVICES, changes, methodsOf, read };
