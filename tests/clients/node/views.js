'use strict';
// The customer context, told in plain words: what deploy/demo/views.py asks of every channel.

const { createHash } = require('node:crypto');
const { RAW } = require('./connection');
const { partOf } = require('./wire');

const AN_ID = /^[a-z]{3}_[0-9a-z]{26}$/;

// What an answer says; `place` is the number of its field `context`.
function view(answer, place) {
  const { context } = answer;
  const { cart } = context.cart || {};
  const profile = context.profile || { given_name: '', family_name: '' };
  const messaging = context.messaging || { recent_messages: [], queued_count: 0, open_conversations: [] };
  const preferences = context.preferences || { language: '', consents: [] };
  const journey = (context.journey && context.journey.journey) || { journey_id: '', touchpoint_count: 0 };
  const content = partOf(answer[RAW], place);
  return {
    customer_id: context.customer_id,
    name: `${profile.given_name} ${profile.family_name}`.trim(),
    language: preferences.language,
    consents: preferences.consents.map(
      (one) => `${one.purpose} by ${word(one.delivery_kind, 'DELIVERY_KIND_')}: ${word(one.state, 'CONSENT_STATE_')}`,
    ),
    lines: cart ? cart.lines.map(line) : [],
    subtotal: cart && cart.subtotal ? price(cart.subtotal) : '',
    prices: pricesIn(answer),
    notices: messaging.recent_messages.map((message) => ({
      message_id: message.message_id,
      purpose: message.purpose,
      way: word(message.delivery_kind, 'DELIVERY_KIND_'),
      state: word(message.state, 'MESSAGE_STATE_'),
      reason: message.state_reason,
      subject: message.subject,
    })),
    queued: messaging.queued_count,
    said: messaging.open_conversations.flatMap((conversation) =>
      conversation.recent_entries.map((entry) => ({
        by: word(entry.author, 'AUTHOR_'),
        channel: entry.channel.id,
        text: entry.text,
      })),
    ),
    orders: ((context.cart && context.cart.recent_orders) || []).map((order) => ({
      order_id: order.order_id,
      total: price(order.total),
      channel: order.channel.id,
    })),
    journey_id: journey.journey_id,
    touchpoints: journey.touchpoint_count,
    problems: answer.problems.map(
      (one) => `${word(one.section, 'SECTION_')}: ${word(one.reason, 'SECTION_PROBLEM_REASON_')}`,
    ),
    etag: context.etag,
    size_bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

function line(one) {
  return {
    sku: one.sku,
    name: one.name,
    quantity: one.quantity,
    total: price(one.line_total),
    added_on: one.channel.id,
  };
}

function pricesIn(answer) {
  if (!answer.cart_price) return [];
  return [answer.cart_price, ...answer.other_channel_prices].map((one) => ({
    channel: one.channel.id,
    total: price(one.total),
    offers: one.applied_offers.map((offer) => offer.name),
  }));
}

// What a merge did with one thing; by the article or the name where it has one, ids are for programs.
function outcome(area, thing) {
  const details = Object.fromEntries(thing.details.map(({ key, value }) => [key, value]));
  const named = details.sku || (AN_ID.test(thing.name) ? '' : thing.name);
  return {
    area,
    thing: `${thing.kind.replaceAll('_', ' ')} ${named}`.trimEnd(),
    action: word(thing.action, 'MERGE_ACTION_'),
    why: thing.why,
  };
}

function price(money) {
  return `${(Number(money.units) + money.nanos / 1e9).toFixed(2)} ${money.currency_code}`;
}

// The name of an enum value, readable.
function word(name, prefix) {
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase().replaceAll('_', ' ');
}

module.exports = { outcome, price, view, word };
