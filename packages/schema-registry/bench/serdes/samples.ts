/** One order in three formats: short texts, numbers, a list of three records, an optional field, an enum. */

export const AVRO_SCHEMA = {
  type: 'record',
  name: 'Order',
  namespace: 'bench',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'customer', type: 'string' },
    { name: 'total', type: 'double' },
    { name: 'count', type: 'int' },
    { name: 'at', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'paid', type: 'boolean' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID', 'SENT'] } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'quantity', type: 'int' },
            { name: 'price', type: 'double' },
          ],
        },
      },
    },
  ],
} as const

export const JSON_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'customer', 'total', 'count', 'at', 'paid', 'state', 'lines'],
  properties: {
    id: { type: 'string', pattern: '^o-[0-9]+$' },
    customer: { type: 'string', minLength: 1 },
    total: { type: 'number', minimum: 0 },
    count: { type: 'integer' },
    at: { type: 'integer' },
    note: { type: ['string', 'null'] },
    paid: { type: 'boolean' },
    state: { enum: ['NEW', 'PAID', 'SENT'] },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['sku', 'quantity', 'price'],
        properties: { sku: { type: 'string' }, quantity: { type: 'integer', minimum: 1 }, price: { type: 'number' } },
      },
    },
  },
} as const

export const PROTOBUF_SCHEMA = `syntax = "proto3";
package bench;
message Order {
  string id = 1;
  string customer = 2;
  double total = 3;
  int32 count = 4;
  int64 at = 5;
  optional string note = 6;
  bool paid = 7;
  State state = 8;
  repeated Line lines = 9;
}
message Line {
  string sku = 1;
  int32 quantity = 2;
  double price = 3;
}
enum State {
  NEW = 0;
  PAID = 1;
  SENT = 2;
}
`

export const ORDER = {
  id: 'o-123456',
  customer: 'Ada Lovelace',
  total: 129.5,
  count: 3,
  at: 1_700_000_000_000,
  note: 'leave it at the door, please',
  paid: true,
  state: 'PAID',
  lines: [
    { sku: 'A-1', quantity: 2, price: 9.5 },
    { sku: 'B-22', quantity: 1, price: 80.25 },
    { sku: 'C-333', quantity: 3, price: 10.08 },
  ],
}
