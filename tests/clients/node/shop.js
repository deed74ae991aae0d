'use strict';
// The web shop's backend: what happens behind its pages. The same acts as deploy/demo/channels/web_shop.py.

const { added } = require('./catalogue');
const { timestamp } = require('./requests');
const { outcome, price, view, word } = require('./views');

const DAY_MS = 86400e3;
const MINUTE_MS = 60e3;
const REMINDER_WORDING = 'Ja, erinnern Sie mich per E-Mail an meinen Warenkorb.';
// The number of the field `context` in the answer of GetCustomerContext and of StartSession.
const READ = 1;
const STARTED = 7;

class Shop {
  constructor(suite) {
    this.suite = suite;
    this.visit = null; // of its one visitor, as a shop remembers it by cookie
  }

  get customerId() {
    if (!this.visit) throw new Error('nobody has come yet');
    return this.visit.customer_id;
  }

  async open_page({ cookie, sku }) {
    const identifiers = [{ kind: 'IDENTIFIER_KIND_COOKIE', value: cookie }];
    this.visit = await this.suite.context.StartSession({ identifiers });
    const viewed = { customer_id: this.customerId, kind: 'TOUCHPOINT_KIND_PRODUCT_VIEWED', subject: sku };
    await this.suite.context.RecordTouchpoint(viewed, this.visit);
    return this.look();
  }

  async put_into_cart({ sku }) {
    await this.suite.carts.AddItem(added(sku, this.customerId), this.visit);
    return this.look();
  }

  async log_in({ cookie, email }) {
    const identifiers = [
      { kind: 'IDENTIFIER_KIND_COOKIE', value: cookie },
      { kind: 'IDENTIFIER_KIND_EMAIL', value: email, verified: true },
    ];
    // It goes on with the same session; the answer has the context of who it is.
    const request = { identifiers, session_id: this.visit.session_id };
    this.visit = await this.suite.context.StartSession(request, this.visit);
    return view(this.visit, STARTED);
  }

  async explain_login() {
    const merge = this.visit.context.profile.merges.at(-1);
    const asked = { customer_id: this.customerId, merge_id: merge.merge_id };
    const answer = await this.suite.context.ExplainMerge(asked, this.visit);
    return {
      outcomes: answer.areas.flatMap(({ area, things }) => things.map((thing) => outcome(area, thing))),
      missing_areas: answer.missing_areas,
    };
  }

  async choose_reminders({ language, time_zone }) {
    const preferred = ['DELIVERY_KIND_EMAIL', 'DELIVERY_KIND_IN_APP'];
    await this.suite.preference.UpdatePreferences(
      {
        preferences: { customer_id: this.customerId, language, time_zone, preferred_channels: preferred },
        update_mask: { paths: ['language', 'time_zone', 'preferred_channels'] },
      },
      this.visit,
    );
    await this.suite.preference.SetConsent(
      {
        customer_id: this.customerId,
        purpose: 'cart_reminder',
        delivery_kind: 'DELIVERY_KIND_EMAIL',
        state: 'CONSENT_STATE_GRANTED',
        wording: REMINDER_WORDING,
        wording_version: '2026-11',
        source: 'account page',
      },
      this.visit,
    );
    return this.look();
  }

  // At a moment in seconds since 1970.
  async set_quantity({ sku, quantity, at }) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at * 1000 - Date.now())));
    const began = Date.now() / 1000;
    await this.suite.carts.SetItemQuantity({ customer_id: this.customerId, sku, quantity }, this.visit);
    return { began, ended: Date.now() / 1000 };
  }

  async look() {
    const answer = await this.suite.context.GetCustomerContext({ customer_id: this.customerId }, this.visit);
    return view(answer, READ);
  }

  async campaign_numbers({ campaign_id }) {
    const { report } = await this.suite.campaignReports.GetCampaignReport({
      campaign_id,
      from_time: timestamp(Date.now() - DAY_MS),
      to_time: timestamp(Date.now() + MINUTE_MS),
    });
    const sum = (count) => report.arms.reduce((total, arm) => total + Number(count(arm)), 0);
    return {
      entered: Number(report.entered),
      sent: sum((arm) => arm.figures.sent),
      bought: sum((arm) => arm.bought_after_message),
      revenue: report.arms.flatMap((arm) => arm.revenue_after_message.map(price)).join(', '),
      paths: report.paths.map((path) => {
        const ways = path.delivery_kinds.map((kind) => word(kind, 'DELIVERY_KIND_'));
        return [...ways, word(path.channel_kind, 'CHANNEL_KIND_')].join(' > ');
      }),
    };
  }

  async journeys_from_web_to_store() {
    const path = ['CHANNEL_KIND_WEB', 'CHANNEL_KIND_STORE'];
    const { journeys } = await this.suite.journeys.SearchJourneys({ path });
    const bought = journeys.filter((card) => card.order_count);
    return {
      journey_ids: bought.map((card) => card.journey.journey_id),
      ways: bought.map((card) => card.path.map((kind) => word(kind, 'CHANNEL_KIND_')).join(' > ')),
    };
  }
}

module.exports = { Shop };
