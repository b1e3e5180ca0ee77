/** Our own client, with its defaults. */
import { json, Kafka, type Consumer, type ConsumerBatch } from '@braidlog/client'
import { codecs, type ClientUnderTest } from './client.ts'

export const client: ClientUnderTest = {
  codecs,
  produceWays: ['single', 'batches', 'enqueue'],
  consumeWays: ['batch', 'record', 'json', 'node-stream', 'web-stream'],
  async openProducer({ bootstrap, topic }, codec) {
    const kafka = new Kafka({ bootstrapServers: bootstrap })
    const producer = kafka.producer({ compression: codec })
    await kafka.connect()
    return {
      sendOne: (value) => producer.send({ topic, value }),
      sendMany: (values) =>
        producer.sendBatch(
          topic,
          values.map((value) => ({ value })),
        ),
      enqueue: (value) => producer.enqueue({ topic, value }),
      drained: () => producer.drained(),
      flush: () => producer.flush(),
      close: () => kafka.close(),
    }
  },
  async consume({ bootstrap, topic }, way, onRecords) {
    await using kafka = new Kafka({ bootstrapServers: bootstrap })
    const options = { groupId: `bench-${crypto.randomUUID()}`, topics: [topic], autoOffsetReset: 'earliest' } as const
    if (way === 'json') {
      const consumer = kafka.consumer({ ...options, value: json<object>() })
      for await (const batch of consumer.batches()) {
        let fields = 0
        for (const record of batch) if (record.value !== null) fields++
        if (!onRecords(fields)) return
      }
      return
    }
    const consumer = kafka.consumer(options)
    if (way === 'record') {
      let sizeBytes = 0
      for await (const record of consumer) {
        sizeBytes += record.value!.length
        if (!onRecords(1)) return
      }
      if (sizeBytes === 0) throw new Error('no values')
      return
    }
    for await (const batch of batchesOf(consumer, way)) {
      let sizeBytes = 0
      for (const record of batch) sizeBytes += record.value!.length
      batch.done()
      if (sizeBytes === 0 || !onRecords(batch.size)) return
    }
  },
  async consumeSlowly({ bootstrap, topic }, onRecord) {
    const kafka = new Kafka({ bootstrapServers: bootstrap })
    const options = { groupId: `bench-${crypto.randomUUID()}`, topics: [topic], autoOffsetReset: 'earliest' } as const
    for await (const _record of kafka.consumer(options)) await onRecord()
  },
}

function batchesOf(
  consumer: Consumer<Buffer, Buffer>,
  way: 'batch' | 'node-stream' | 'web-stream',
): AsyncIterable<ConsumerBatch<Buffer, Buffer>> {
  if (way === 'batch') return consumer.batches()
  if (way === 'web-stream') return consumer.webReadable()
  return consumer.readable() as AsyncIterable<ConsumerBatch<Buffer, Buffer>>
}
