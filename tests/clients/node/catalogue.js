'use strict';
// What the shop sells. The suite keeps no catalogue: a channel tells the article with what is added.

const ARTICLES = {
  'PURSE-17': ['Handtasche Marlene', 129, 0, 'schwarz', 'leather'],
  'SCARF-03': ['Seidenschal Isar', 49, 90, 'blau', 'silk'],
  'CARE-01': ['Lederpflege', 9, 50, 'farblos', 'care'],
};

// The request that puts an article into a customer's cart.
function added(sku, customerId, quantity = 1) {
  const [name, euros, cents, colour, category] = ARTICLES[sku];
  return {
    customer_id: customerId,
    sku,
    name,
    unit_price: { currency_code: 'EUR', units: euros, nanos: cents * 1e7 },
    quantity,
    link_uri: `https://shop.example.com/p/${sku}`,
    attributes: [{ key: 'colour', value: colour }],
    categories: [category],
  };
}

module.exports = { added };
