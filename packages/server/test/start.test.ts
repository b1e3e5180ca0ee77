/** Starting and stopping: what is refused, what survives, what is left behind. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { DescribeClusterRequest, DescribeClusterResponse, MetadataRequest, MetadataResponse } from '@braidlog/protocol'
import { ServerError, startServer, type ServerErrorCode, type ServerOptions } from '@braidlog/server'
import { WireClient } from '../../broker/test/wire.ts'
import { batchOf, createTopic, fetch, produce, startNode } from './node.ts'

async function refused(options: ServerOptions, code: ServerErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(startServer(options), (error) => {
    assert(error instanceof ServerError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, pattern)
    return true
  })
}

describe('on the file system, a server', () => {
  let directory: string
  const config = (extra: Record<string, string | number> = {}) => ({
    'log.dirs': directory,
    listeners: 'PLAINTEXT://127.0.0.1:0',
    ...extra,
  })
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'braidlog-server-'))
  })
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

  it('formats an empty directory, serves, and finds everything again after a clean stop', async () => {
    const first = await startServer({ config: config(), format: true })
    const client = await WireClient.connect(first.listeners[0]!.port)
    const { topicId } = await createTopic(client, 'kept')
    await produce(client, 'kept', batchOf(['one', 'two']))
    client.close()
    await first.close()
    assert.equal(await first.stopped, undefined)
    assert(fs.existsSync(path.join(directory, '.kafka_cleanshutdown')))
    assert(!fs.existsSync(path.join(directory, '.lock')))

    const second = await startServer({ config: config() })
    assert.equal(second.clusterId, first.clusterId)
    const again = await WireClient.connect(second.listeners[0]!.port)
    const { values } = await fetch(again, 'kept')
    assert.deepEqual(
      values.map((record) => record.value),
      ['one', 'two'],
    )
    const metadata = await again.call(MetadataRequest, MetadataResponse, 12, { topics: null })
    assert.equal(metadata.topics.find((topic) => topic.name === 'kept')!.topicId, topicId)
    assert.equal((await produce(again, 'kept', batchOf(['three']))).baseOffset, 2)
    again.close()
    await second.close()
  })

  it('begins a quorum of its own where the configuration names itself, and none where it names another node', async () => {
    const free = net.createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as net.AddressInfo
    free.close()
    await once(free, 'close')
    const quorum = (servers: string) =>
      config({
        listeners: `PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:${port}`,
        'controller.listener.names': 'CONTROLLER',
        'controller.quorum.bootstrap.servers': servers,
      })
    const other = quorum(`localhost:${port},10.0.0.7:9093`)
    await refused({ config: other, format: true }, 'NOT_FORMATTED', /the cluster it belongs to must be said/)
    const server = await startServer({ config: quorum(`localhost:${port}`), format: true })
    assert.equal(server.listeners.length, 1)
    await server.close()
  })

  it('keeps what was acknowledged when it is killed', async () => {
    const first = await startServer({ config: config(), format: true })
    const client = await WireClient.connect(first.listeners[0]!.port)
    await createTopic(client, 'kept')
    for (let i = 0; i < 20; i++) await produce(client, 'kept', batchOf([String(i)]))
    client.close()
    await first.kill()
    const second = await startServer({ config: config() })
    const again = await WireClient.connect(second.listeners[0]!.port)
    assert.equal((await fetch(again, 'kept')).values.length, 20)
    again.close()
    await second.close()
  })

  it('refuses a directory that is not formatted, of another node, or of another cluster', async () => {
    await refused({ config: config() }, 'NOT_FORMATTED', /storage format/)
    const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'
    await (await startServer({ config: config(), format: { clusterId } })).close()
    await refused({ config: config({ 'node.id': 2 }) }, 'WRONG_CLUSTER', /belongs to node 1/)
    await refused(
      { config: config(), format: { clusterId: 'AAAAAAAAAAAAAAAAAAAAAQ' } },
      'WRONG_CLUSTER',
      /belongs to cluster MkU3/,
    )
    const environment = { CLUSTER_ID: clusterId }
    await (await startServer({ config: config(), format: true, environment })).close()
  })

  it('refuses a directory that another server uses, in this process or another one', async () => {
    await using first = await startServer({ config: config(), format: true })
    await refused({ config: config() }, 'DIRECTORY_LOCKED', /in use by this process/)
    const script = `
      const { startServer } = await import(${JSON.stringify(path.resolve(import.meta.dirname, '../src/index.ts'))})
      try {
        await startServer({ config: { 'log.dirs': ${JSON.stringify(directory)}, listeners: 'PLAINTEXT://127.0.0.1:0' } })
        console.log('started')
      } catch (error) {
        console.log(error.code)
      }
      process.exit()`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.equal(output.trim(), 'DIRECTORY_LOCKED')
    assert.equal(first.warnings.length, 0)
  })

  it('refuses a directory that it may not write to', { skip: process.getuid?.() === 0 }, async () => {
    fs.chmodSync(directory, 0o500)
    await refused({ config: config(), format: true }, 'DIRECTORY_UNUSABLE', /log\.dirs/)
    fs.chmodSync(directory, 0o700)
  })

  it('refuses a directory that no file system makes', { skip: process.platform !== 'linux' }, async () => {
    const wrong = config({ 'log.dirs': '/proc/nowhere/data' })
    await refused({ config: wrong, format: true }, 'DIRECTORY_UNUSABLE', /nowhere/)
  })

  it('refuses a path that is a file', async () => {
    fs.writeFileSync(path.join(directory, 'file'), '')
    const wrong = config({ 'log.dirs': path.join(directory, 'file') })
    await refused({ config: wrong, format: true }, 'DIRECTORY_UNUSABLE', /file/)
  })

  it('refuses a taken port before it touches the directory, and gives the directory back', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const listeners = `PLAINTEXT://127.0.0.1:${port}`
    await refused({ config: config({ listeners }), format: true }, 'PORT_TAKEN', new RegExp(`${port}.*taken`))
    assert.deepEqual(fs.readdirSync(directory), [])
    taken.close()
  })
})

describe('a server', () => {
  it('listens where it was told and advertises what it was told', async () => {
    await using node = await startNode({
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
      'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'INSIDE',
      'advertised.listeners': 'OUTSIDE://outside.example:4711',
    })
    const [inside, outside] = node.server.listeners
    assert.equal(node.server.bootstrapServers, `127.0.0.1:${inside!.port},outside.example:4711`)
    for (const [listener, host, port] of [
      [inside!, '127.0.0.1', inside!.port],
      [outside!, 'outside.example', 4711],
    ] as const) {
      const client = await WireClient.connect(listener.port)
      const { brokers } = await client.call(DescribeClusterRequest, DescribeClusterResponse, 1, {})
      assert.deepEqual([brokers[0]!.host, brokers[0]!.port], [host, port])
      client.close()
    }
  })

  it('stops when its disk fails, and says why', async () => {
    const storage = new MemoryStorage()
    const node = await startNode({}, { storage })
    await createTopic(node.client, 'a')
    storage.failNextSync('EIO')
    node.client.send(MetadataRequest, 9, { topics: [] })
    const answer = produce(node.client, 'a', batchOf(['lost'])).then(
      (partition) => partition.errorCode,
      () => ErrorCode.KAFKA_STORAGE_ERROR,
    )
    const failure = await node.server.stopped
    assert.match(String(failure), /EIO|sync/)
    assert.notEqual(await answer, ErrorCode.NONE)
    node.client.close()
  })

  it('closes within its time even when clients keep requests open', async () => {
    const node = await startNode()
    await createTopic(node.client, 'a')
    const waiting = fetch(node.client, 'a', { maxWaitMs: 60_000 }).catch(() => 'closed')
    await fetch(await node.connect(), 'a')
    const before = performance.now()
    await node.server.close()
    assert(performance.now() - before < 10_000)
    await waiting
    node.client.close()
  })
})
