/**
 * The process in which a client library is started, or left behind by its topic. Writes a line when the first record is acknowledged or
 * consumed; goes on until it is ended, or with `once` ends by itself.
 */
import { flushCompileCache } from 'node:module'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClientUnderTest } from './clients/client.ts'

const [name, what, bootstrap, topic, once] = process.argv.slice(2) as [
  string,
  'produce' | 'consume',
  string,
  string,
  'once' | undefined,
]
const { client } = (await import(`./clients/${name}.ts`)) as { client: ClientUnderTest }

/** Written at once: an application would not wait for anything before it does what it was started for. */
function first(): void {
  const { user, system } = process.cpuUsage()
  process.stdout.write(`first ${(user + system) / 1e6}\n`)
  // Node.js writes its compile cache when a process ends by itself, which this one does not.
  flushCompileCache()
  if (once !== undefined) process.exit(0)
}

if (what === 'produce') {
  const producer = await client.openProducer({ bootstrap, topic }, 'none', 'single')
  await producer.sendOne(Buffer.alloc(100, 'x'))
  first()
} else {
  let isFirst = true
  await client.consumeSlowly({ bootstrap, topic }, async () => {
    if (isFirst) first()
    isFirst = false
    await delay(5)
  })
}
