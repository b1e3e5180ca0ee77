/** A test with a broker inside: no container, no port, no sleep. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { json, Kafka, string } from '@braidlog/client'
import { startBraidlog } from '@braidlog/testkit'

/** What is tested: adds up the orders of each customer. */
async function totals(bootstrapServers: string): Promise<Map<string, number>> {
  await using kafka = new Kafka({ bootstrapServers })
  const reader = kafka.reader({ assign: ['orders'], until: 'end', key: string(), value: json<{ cents: number }>() })
  const sums = new Map<string, number>()
  for await (const { key, value } of reader) sums.set(key!, (sums.get(key!) ?? 0) + value!.cents)
  return sums
}

test('orders of one customer are added up', async () => {
  await using braidlog = await startBraidlog({ topics: { orders: 3 } })
  await braidlog.produce('orders', [
    { key: 'ada', value: JSON.stringify({ cents: 300 }) },
    { key: 'alan', value: JSON.stringify({ cents: 500 }) },
    { key: 'ada', value: JSON.stringify({ cents: 200 }) },
  ])
  assert.deepEqual(
    await totals(braidlog.bootstrapServers),
    new Map([
      ['ada', 500],
      ['alan', 500],
    ]),
  )
})
