'use strict';
// What a channel in any language must get right: refusals, conflicts, retries, streams that break, checkout.

const { Refused } = require('./errors');
const { Watch } = require('./watching');

const MOST_READS = 50;

class Contract {
  // `shop` has the visit; `tries` are the refused tries of the act under way.
  constructor(suite, shop, tries) {
    this.suite = suite;
    this.shop = shop;
    this.tries = tries;
    this.page = null;
    this.watching = null;
    this.heard = [];
  }

  // Any call, also a refused one; `request` may have an id and a time of issue that were used before.
  async call({ stub, method, request }) {
    try {
      return { answer: await this.suite[stub][method](request, this.shop.visit), refused: null, tries: this.tries };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { answer: {}, refused: told(error), tries: this.tries };
    }
  }

  // The cart as the visitor's page shows it from now on.
  async show_cart({ customer_id }) {
    const { cart } = await this.suite.carts.GetCart({ customer_id }, this.shop.visit);
    this.page = cart;
    return { answer: cart, refused: null, tries: this.tries };
  }

  // The visitor wants one more of what the page shows: only if that is still so; else the page is read again.
  async one_more({ customer_id, sku }) {
    for (let read = 0; read < MOST_READS; read += 1) {
      const line = this.page.lines.find((one) => one.sku === sku);
      try {
        const wanted = { customer_id, sku, quantity: line.quantity + 1, etag: this.page.etag };
        const { cart } = await this.suite.carts.SetItemQuantity(wanted, this.shop.visit);
        this.page = cart;
        return { answer: cart, refused: null, tries: this.tries };
      } catch (error) {
        if (!(error instanceof Refused) || error.reason !== 'ETAG_MISMATCH') throw error;
        await this.show_cart({ customer_id });
      }
    }
    throw new Error(`the cart changed ${MOST_READS} times meanwhile`);
  }

  // The visitor orders what the page shows, at the price that it shows.
  async check_out({ customer_id }) {
    const { context, cart_price: price } = await this.suite.context.GetCustomerContext(
      { customer_id },
      this.shop.visit,
    );
    const { cart } = context.cart;
    const wanted = {
      customer_id,
      etag: cart.etag,
      seen_lines: cart.lines.map(({ line_id, quantity }) => ({ line_id, quantity })),
      expected_total: price.total,
      delivery: {},
      payment_reference: 'node-shop-1',
    };
    return this.call({ stub: 'carts', method: 'Checkout', request: wanted });
  }

  // Watches from now on; what is heard is told by `watched`.
  async watch({ customer_id, sections, heartbeat_seconds }) {
    this.heard = [];
    this.watching = new Watch(this.suite, { customer_id, sections, heartbeat_seconds }, (what, said) => {
      this.heard.push(moment(what, said));
    });
    this.watching.run().catch((error) => this.heard.push({ ...moment('broken', error), what: 'over' }));
    return { heard: this.heard };
  }

  async watched() {
    return { heard: this.heard };
  }

  async stop_watching() {
    this.watching.stop();
    return { heard: this.heard };
  }
}

function told({ code, reason, domain, metadata, fields, retryMs }) {
  return { code, reason, domain, metadata, fields, retry_ms: retryMs };
}

function moment(what, said) {
  const empty = { what, snapshot: false, changed: [], quantities: {}, code: '', reason: '' };
  if (what === 'broken') return { ...empty, code: said.code || '', reason: said.reason || '' };
  if (what === 'heartbeat') return empty;
  const { context, snapshot, changed_sections: changed } = said.update;
  const lines = context.cart && context.cart.cart ? context.cart.cart.lines : [];
  return { ...empty, snapshot, changed, quantities: Object.fromEntries(lines.map((one) => [one.sku, one.quantity])) };
}

module.exports = { Contract };
