'use strict';
// The bytes of one field within a message, as they came: two who are told the same are told the same bytes.

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_AND_BYTES = 2;
const FOUR_BYTES = 5;

// The bytes of the message in field number `wanted`; none where it is not there.
function partOf(bytes, wanted) {
  let place = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place];
      place += 1;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (place < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    if (kind === VARINT) varint();
    else if (kind === EIGHT_BYTES) place += 8;
    else if (kind === FOUR_BYTES) place += 4;
    else if (kind === LENGTH_AND_BYTES) {
      const length = varint();
      if (Math.floor(tag / 8) === wanted) return bytes.subarray(place, place + length);
      place += length;
    } else throw new Error(`no message of the contract: wire type ${kind}`);
  }
  return Buffer.alloc(0);
}

module.exports = { partOf };
