// The smallest shop in TypeScript: somebody comes, a purse goes into the cart, and a refusal is read, all of it typed.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { AddItemRequest, type AddItemResponse, CartServiceClient } from './gen/omnithread/cart/v1/cart_service';
import {
  ContextServiceClient,
  StartSessionRequest,
  type StartSessionResponse,
} from './gen/omnithread/context/v1/context_service';
import { IdentifierKind } from './gen/omnithread/profile/v1/profile';
import { BadRequest, ErrorInfo } from './gen/google/rpc/error_details';
import { Status } from './gen/google/rpc/status';

const TIMEOUT_MS = 20_000;
const TRUSTED = credentials.createSsl(readFileSync(process.env.OMNITHREAD_ROOT_CERTIFICATES_FILE!));
const OPTIONS = {
  'grpc.service_config': readFileSync(process.env.OMNITHREAD_SERVICE_CONFIG_FILE!, 'utf8'),
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
};

type Callback<Answer> = (error: ServiceError | null, answer: Answer) => void;
type Method<Request, Answer> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: Callback<Answer>,
) => unknown;

function call<Request, Answer>(method: Method<Request, Answer>, request: Request, baggage = ''): Promise<Answer> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${process.env.CHANNEL_TOKEN}`);
  if (baggage) metadata.set('baggage', baggage);
  return new Promise((resolve, reject) => {
    method(request, metadata, { deadline: Date.now() + TIMEOUT_MS }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

// An id and a time of issue, made once for what somebody wants.
function intent() {
  return { requestId: randomUUID(), issueTime: new Date() };
}

function told(error: ServiceError) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = Status.decode(bytes as Buffer).details;
  const of = (name: string) => details.find((detail) => detail.typeUrl.endsWith(`/${name}`))!.value;
  const fields = BadRequest.decode(of('google.rpc.BadRequest')).fieldViolations.map((violation) => violation.field);
  return { code: status[error.code], reason: ErrorInfo.decode(of('google.rpc.ErrorInfo')).reason, fields };
}

async function main() {
  const context = new ContextServiceClient(process.env.OMNITHREAD_AGGREGATOR_ADDRESS!, TRUSTED, OPTIONS);
  const carts = new CartServiceClient(process.env.OMNITHREAD_CART_ADDRESS!, TRUSTED, OPTIONS);
  const visit = await call<StartSessionRequest, StartSessionResponse>(
    context.startSession.bind(context),
    StartSessionRequest.fromPartial({
      ...intent(),
      identifiers: [{ kind: IdentifierKind.IDENTIFIER_KIND_COOKIE, value: process.env.VISITOR }],
    }),
  );
  const baggage = `journey.id=${visit.journeyId},session.id=${visit.sessionId}`;
  const addItem = (quantity: number) =>
    call<AddItemRequest, AddItemResponse>(
      carts.addItem.bind(carts),
      AddItemRequest.fromPartial({
        ...intent(),
        customerId: visit.customerId,
        sku: 'PURSE-1',
        name: 'Purse',
        unitPrice: { currencyCode: 'EUR', units: '89' },
        quantity,
      }),
      baggage,
    );
  const added = await addItem(1);
  const refused = await addItem(0).then(() => null, told);
  const lines = added.cart!.lines.map((line) => line.name);
  console.log(JSON.stringify({ customerId: visit.customerId, lines, refused }));
  context.close();
  carts.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
