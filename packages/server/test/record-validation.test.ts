/** Records against schemas, from a client's produce to the registry's HTTP. The registry is a small server of the tests' own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { ProduceRequest, ProduceResponse } from '@braidlog/protocol'
import { BatchBuilder } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { startServer, type SchemaFormats } from '../src/index.ts'
import { createTopic, fetch, produce, startNode, type TestNode } from './node.ts'

interface RegisteredSchema {
  readonly subjects: readonly string[]
  readonly schema?: string
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[]
}

class FakeRegistry implements AsyncDisposable {
  readonly schemas = new Map<number, RegisteredSchema>()
  readonly versions = new Map<string, { readonly schema: string }>()
  readonly guids = new Map<string, number>()
  readonly requests: string[] = []
  readonly authorizations: (string | undefined)[] = []
  status = 200
  gate: Promise<void> = Promise.resolve()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  hold(): () => void {
    let open: () => void = () => {}
    this.gate = new Promise((resolve) => (open = resolve))
    return open
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(request.url!)
    this.authorizations.push(request.headers.authorization)
    await this.gate
    const body = this.status === 200 ? this.#find(request.url!) : { error_code: 50001 }
    const status = this.status === 200 ? (body === undefined ? 404 : 200) : this.status
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body ?? { error_code: 40403, message: 'not found' }))
  }

  #find(path: string): unknown {
    const [, kind, name, rest] = /^\/(schemas\/ids|schemas\/guids|subjects)\/([^/?]+)\/?([^?]*)/.exec(path) ?? []
    if (kind === 'subjects') return this.versions.get(`${name} ${rest!.split('/')[1]}`)
    if (kind === 'schemas/guids') {
      const id = this.guids.get(name!)
      return id === undefined ? undefined : [{ context: '.', id }]
    }
    const found = this.schemas.get(Number(name))
    if (found === undefined) return undefined
    return rest === 'subjects' ? found.subjects : { schema: found.schema, references: found.references }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A payload is right when it is the text of its schema, of which `%` stands for the first reference's. */
const texts: SchemaFormats = {
  compile: ({ schema, references }) => {
    const text = schema.replace('%', references[0]?.schema ?? '')
    return {
      recordName: () => text,
      fault: (bytes, start, end) =>
        Buffer.from(bytes.buffer, bytes.byteOffset).toString('latin1', start, end) === text
          ? undefined
          : `/: not ${text}`,
    }
  },
}

function framed(id: number, payload = ''): Buffer {
  const head = Buffer.alloc(5)
  head.writeInt32BE(id, 1)
  return Buffer.concat([head, Buffer.from(payload)])
}

function batchOf(...values: Buffer[]): Uint8Array {
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 20 })
  for (const value of values) builder.append(null, value, Date.now())
  return Uint8Array.prototype.slice.call(builder.build({}))
}

interface SetUp extends AsyncDisposable {
  readonly registry: FakeRegistry
  readonly node: TestNode
}

async function setUp(config: Record<string, string | number> = {}): Promise<SetUp> {
  const registry = new FakeRegistry()
  const url = await registry.listen()
  registry.schemas.set(1, { subjects: ['orders-value'], schema: 'a' })
  registry.schemas.set(2, {
    subjects: ['orders-value'],
    schema: '<%>',
    references: [{ name: 'r', subject: 's', version: 3 }],
  })
  registry.versions.set('s 3', { schema: 'r' })
  const node = await startNode(
    { 'confluent.schema.registry.url': url, ...config },
    { schemaFormats: async () => texts },
  )
  await createTopic(node.client, 'orders', { partitions: 2, configs: { 'confluent.value.schema.validation': 'true' } })
  await createTopic(node.client, 'free')
  return {
    registry,
    node,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
}

test('what no schema describes is refused record by record, and leaves nothing in the log', async () => {
  await using context = await setUp()
  const { client } = context.node
  assert.equal((await produce(client, 'orders', batchOf(framed(1), framed(2)))).errorCode, ErrorCode.NONE)
  const refused = await produce(client, 'orders', batchOf(framed(1), Buffer.from('x'), framed(7)))
  assert.equal(refused.errorCode, ErrorCode.INVALID_RECORD)
  assert.match(refused.errorMessage!, /^1 of 3 records do not match the schemas of orders; record 1: /)
  assert.deepEqual(refused.recordErrors, [
    { batchIndex: 1, batchIndexErrorMessage: 'the value names no schema: its first byte is 0x78, not 0x00 or 0x01' },
  ])
  assert.deepEqual([refused.baseOffset, refused.logStartOffset], [-1, 0])
  assert.match(
    (await produce(client, 'orders', batchOf(framed(7)))).errorMessage!,
    /schema id 7, which the registry does not know/,
  )
  assert.equal((await fetch(client, 'orders')).highWatermark, 2)
  assert.equal((await produce(client, 'free', batchOf(Buffer.from('x')))).errorCode, ErrorCode.NONE)
})

test('payloads are decoded with the schema and what it refers to', async () => {
  await using context = await setUp()
  const { client } = context.node
  const configs = {
    'braidlog.value.schema.payload.validation': 'true',
    'confluent.value.subject.name.strategy': 'TopicNameStrategy',
  }
  await createTopic(client, 'paid', { configs })
  context.registry.schemas.set(2, { ...context.registry.schemas.get(2)!, subjects: ['paid-value'] })
  assert.equal((await produce(client, 'paid', batchOf(framed(2, '<r>')))).errorCode, ErrorCode.NONE)
  const refused = await produce(client, 'paid', batchOf(framed(2, '<r>'), framed(2, '<x>')))
  assert.deepEqual(refused.recordErrors, [
    { batchIndex: 1, batchIndexErrorMessage: 'the value does not decode with schema id 2: /: not <r>' },
  ])
})

test('while a batch waits for the registry, its connection keeps its order and others go on', async () => {
  await using context = await setUp()
  const { registry, node } = context
  const open = registry.hold()
  const first = await node.connect()
  const send = (topic: string, partition: number, value: Buffer) =>
    first.send(ProduceRequest, 12, {
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records: batchOf(value) }] }],
    })
  send('orders', 0, framed(1, 'first'))
  send('orders', 0, framed(1, 'second'))
  send('free', 0, Buffer.from('third'))
  // The same connection's record of another topic is there before the first two are answered.
  const third = await fetch(node.client, 'free', { maxWaitMs: 5_000 })
  assert.deepEqual(
    third.values.map(({ value }) => value),
    ['third'],
  )
  const other = await node.connect()
  assert.equal((await produce(other, 'free', batchOf(Buffer.from('other')))).baseOffset, 1)
  assert.equal((await fetch(node.client, 'orders')).highWatermark, 0)
  open()
  const offsets: number[] = []
  for (let i = 0; i < 3; i++) {
    const { responses } = await first.receive(ProduceResponse, 12)
    const { baseOffset, errorMessage } = responses[0]!.partitionResponses[0]!
    assert.equal(errorMessage, null)
    offsets.push(baseOffset)
  }
  assert.deepEqual(offsets, [0, 1, 0])
  const { values } = await fetch(node.client, 'orders')
  assert.deepEqual(
    values.map(({ value }) => value!.slice(5)),
    ['first', 'second'],
  )
  assert.equal(registry.requests.length, 1)
  first.close()
  other.close()
})

test('partitions of one request are decided each for itself', async () => {
  await using context = await setUp()
  const { client } = context.node
  const { responses } = await client.call(ProduceRequest, ProduceResponse, 12, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [
      { name: 'free', partitionData: [{ index: 0, records: batchOf(Buffer.from('x')) }] },
      {
        name: 'orders',
        partitionData: [
          { index: 0, records: batchOf(framed(1)) },
          { index: 1, records: batchOf(framed(9)) },
        ],
      },
    ],
  })
  assert.deepEqual(
    responses.map(({ name, partitionResponses }) => [name, partitionResponses.map((each) => each.errorCode)]),
    [
      ['free', [ErrorCode.NONE]],
      ['orders', [ErrorCode.NONE, ErrorCode.INVALID_RECORD]],
    ],
  )
})

test('with acks=0 a refused batch closes the connection, which is the only way to tell', async () => {
  await using context = await setUp()
  const { node } = context
  const client = await node.connect()
  client.send(ProduceRequest, 12, {
    acks: 0,
    timeoutMs: 5_000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf(framed(9)) }] }],
  })
  await client.untilClosed()
  assert.equal((await fetch(node.client, 'orders')).highWatermark, 0)
})

test('a registry out of order: refused with an error to retry, or accepted, as configured', async () => {
  for (const [outage, errorCode] of [
    ['refuse', ErrorCode.REQUEST_TIMED_OUT],
    ['accept', ErrorCode.NONE],
  ] as const) {
    await using context = await setUp({ 'braidlog.schema.registry.outage': outage })
    context.registry.status = 500
    const answer = await produce(context.node.client, 'orders', batchOf(framed(1)))
    assert.equal(answer.errorCode, errorCode)
    if (outage === 'refuse')
      assert.match(answer.errorMessage!, /cannot be looked up now: http:.* answers with status 500/)
  }
})

test('a registry that does not answer holds a batch up for no longer than is configured', async () => {
  await using context = await setUp({ 'braidlog.schema.registry.timeout.ms': 50 })
  const open = context.registry.hold()
  const answer = await produce(context.node.client, 'orders', batchOf(framed(1)))
  assert.equal(answer.errorCode, ErrorCode.REQUEST_TIMED_OUT)
  open()
})

test('other instances are asked when one is gone, with the credentials of the configuration', async () => {
  await using registry = new FakeRegistry()
  const url = await registry.listen()
  registry.schemas.set(1, { subjects: ['orders-value'] })
  await using node = await startNode({
    'confluent.schema.registry.url': `http://127.0.0.1:9,${url}`,
    'confluent.basic.auth.user.info': 'broker:secret',
  })
  await createTopic(node.client, 'orders', { configs: { 'confluent.value.schema.validation': 'true' } })
  assert.equal((await produce(node.client, 'orders', batchOf(framed(1)))).errorCode, ErrorCode.NONE)
  assert.deepEqual(registry.authorizations, [`Basic ${Buffer.from('broker:secret').toString('base64')}`])
})

test('a topic begins to ask, and stops, while it is written to', async () => {
  await using context = await setUp()
  const { client } = context.node
  const { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } = await import('@braidlog/protocol')
  const alter = async (value: string) =>
    await client.call(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'free',
          configs: [{ name: 'confluent.value.schema.validation', configOperation: 0, value }],
        },
      ],
      validateOnly: false,
    })
  const plain = batchOf(Buffer.from('x'))
  await alter('true')
  assert.equal((await produce(client, 'free', plain)).errorCode, ErrorCode.INVALID_RECORD)
  await alter('false')
  assert.equal((await produce(client, 'free', plain)).errorCode, ErrorCode.NONE)
})

test('what the configuration says about the registry is checked at start', async () => {
  const start = (config: Record<string, string>) => startServer({ config: { 'log.dirs': '/nowhere', ...config } })
  const url = 'confluent.schema.registry.url'
  await assert.rejects(
    start({ [url]: 'registry:8081' }),
    /^ServerError: confluent\.schema\.registry\.url must list URLs/,
  )
  await assert.rejects(
    start({ [url]: 'http://me:hunter2@registry' }),
    (error: Error) => !error.message.includes('hunter2'),
  )
  await assert.rejects(start({ [url]: 'http://r', 'confluent.basic.auth.user.info': 'me' }), /must be user:password/)
})
