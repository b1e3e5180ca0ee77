/** A topic that knows its types: wrong shapes do not compile, wrong data is refused at run time. */
import { Kafka, KafkaError, string, topic, validated, type StandardSchema } from '@braidlog/client'

interface Payment {
  readonly order: string
  readonly cents: number
}

// Any Standard Schema fits here: valibot, zod and arktype schemas do. This one is written by hand.
const Payment: StandardSchema<Payment> = {
  '~standard': {
    version: 1,
    vendor: 'example',
    validate: (value) => {
      const payment = value as Payment
      return Number.isInteger(payment?.cents) && payment.cents > 0
        ? { value: payment }
        : { issues: [{ message: 'must be a positive integer', path: ['cents'] }] }
    },
  },
}
const payments = topic('payments', { key: string(), value: validated(Payment) })

await using kafka = new Kafka({ bootstrapServers: process.env['BOOTSTRAP_SERVERS'] ?? 'localhost:9092' })
await kafka.admin().createTopics([{ name: payments.name, partitions: 1 }])
const producer = kafka.producer()

const stored = await producer.send(payments, { key: 'o-1', value: { order: 'o-1', cents: 4200 } })
console.log('stored at', stored.offset)

try {
  await producer.send(payments, { key: 'o-2', value: { order: 'o-2', cents: -1 } })
} catch (error) {
  if (KafkaError.is(error)) console.log(error.code, error.message)
}
