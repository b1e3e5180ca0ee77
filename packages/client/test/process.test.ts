/** The client in a process of its own: what it waits for keeps the process alive, and nothing does once it is closed. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Nobody listens on port 1 of the loopback address. @returns what the program printed; a process that ends early rejects */
async function printed(body: string): Promise<string> {
  const program = `
    import { Kafka } from '@braidlog/client'
    const kafka = new Kafka({ bootstrapServers: '127.0.0.1:1' })
    ${body}
    await kafka.close()
    console.log('closed')`
  const args = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 30_000 })
  return stdout
}

test('a process waits for the outcome of calls although no broker is there', async () => {
  const outcomes = await printed(`
    const codeOf = (promise) => promise.then(() => 'OK', (error) => error.code)
    console.log(await codeOf(kafka.connect({ timeoutMs: 300 })))
    console.log(await codeOf(kafka.admin().listTopics({ timeoutMs: 300 })))
    console.log(await codeOf(kafka.producer({ deliveryTimeoutMs: 300 }).send({ topic: 't', value: 'v' })))
  `)
  assert.match(outcomes, /^(?:(?:TIMED_OUT|CONNECTION_FAILED)\n){3}closed\n$/)
})

test('a process waits for a reader that waits for a broker, and ends after close', async () => {
  const outcomes = await printed(`
    const reader = kafka.reader({ assign: ['t'] })
    const stop = new AbortController()
    const held = setTimeout(() => stop.abort(), 300)
    held.unref()
    const reading = async () => {
      for await (const batch of reader.batches({ signal: stop.signal })) console.log(batch)
    }
    await reading().catch(() => {})
    console.log(stop.signal.aborted)
  `)
  assert.equal(outcomes, 'true\nclosed\n')
})
