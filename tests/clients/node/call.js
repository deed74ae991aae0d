'use strict';
// A channel backend in Node: stock OpenTelemetry, gRPC from the .proto files, and no client package of ours.
// Prints what it was told, and the trace ids of what it did, as one line of JSON.

const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { context, propagation, trace } = require('@opentelemetry/api');
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
} = require('@opentelemetry/sdk-trace-node');

const given = JSON.parse(process.env.OMNITHREAD_CALLER);

const provider = new NodeTracerProvider({
  sampler: given.sampled ? new AlwaysOnSampler() : new AlwaysOffSampler(),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${given.collector}/v1/traces` }))],
});
provider.register({
  propagator: new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  }),
});
registerInstrumentations({ instrumentations: [new GrpcInstrumentation()] });

// Loaded after the instrumentation, which wraps it.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const PROTOS = path.resolve(__dirname, '../../../protos');

function stub(file, name, address) {
  const found = loader.loadSync(file, {
    includeDirs: [PROTOS, path.join(PROTOS, 'third_party')],
    keepCase: true,
    enums: String,
    longs: String,
    defaults: true,
  });
  const [, area, version, service] = name.split('.');
  const Client = grpc.loadPackageDefinition(found).omnithread[area][version][service];
  return new Client(address, grpc.credentials.createSsl());
}

function call(client, method, request) {
  const now = Date.now();
  const whole = {
    request_id: randomUUID(),
    issue_time: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 },
    ...request,
  };
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${given.token}`);
  return new Promise((resolve, reject) => {
    client[method](whole, metadata, { deadline: now + 20000 }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

async function inATrace(name, work) {
  return trace.getTracer('node-shop').startActiveSpan(name, async (span) => {
    try {
      return { traceId: span.spanContext().traceId, answer: await work() };
    } finally {
      span.end();
    }
  });
}

async function main() {
  const sessions = stub('omnithread/context/v1/context_service.proto', 'omnithread.context.v1.ContextService', given.addresses.context);
  const carts = stub('omnithread/cart/v1/cart_service.proto', 'omnithread.cart.v1.CartService', given.addresses.cart);

  const start = await inATrace('open page', () =>
    call(sessions, 'StartSession', {
      identifiers: [{ kind: 'IDENTIFIER_KIND_COOKIE', value: given.visitor }],
    }),
  );
  const { customer_id, journey_id, session_id } = start.answer;
  const visit = propagation.setBaggage(
    context.active(),
    propagation.createBaggage({ 'journey.id': { value: journey_id }, 'session.id': { value: session_id } }),
  );
  const [view, add] = await context.with(visit, async () => [
    await inATrace('look at boots', () =>
      call(sessions, 'RecordTouchpoint', {
        customer_id,
        kind: 'TOUCHPOINT_KIND_PRODUCT_VIEWED',
        subject: 'boots',
      }),
    ),
    await inATrace('add boots', () =>
      call(carts, 'AddItem', {
        customer_id,
        sku: 'boots',
        name: 'The boots',
        unit_price: { currency_code: 'EUR', units: 59 },
        quantity: 1,
      }),
    ),
  ]);
  const traces = { start: start.traceId, view: view.traceId, add: add.traceId };
  process.stdout.write(`${JSON.stringify({ customer_id, journey_id, session_id, traces })}\n`);
}

main()
  .then(() => provider.shutdown())
  .then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
