/** `storage`: what is formatted is told by `info` and shown by `dump-log`; damage is a row, not an exception. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { BatchBuilder } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { braidlog } from './drive.ts'

const folder = mkdtempSync(join(tmpdir(), 'braidlog-storage-'))
test.after(() => rmSync(folder, { recursive: true }))
const CLUSTER = 'AAAAAAAAAAAAAAAAAAAABQ'

async function data<T>(...args: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await braidlog([...args, '-o', 'json'])
  assert.equal(exitCode, 0, stdout + stderr)
  return (JSON.parse(stdout) as { data: T }).data
}

test('a directory is formatted once, and says what it is', async () => {
  const directory = join(folder, 'node')
  const formatted = await data<{ clusterId: string; formatted: boolean }>(
    'storage',
    'format',
    '-d',
    directory,
    '-t',
    CLUSTER,
    '-n',
    '7',
  )
  assert.equal(formatted.clusterId, CLUSTER)
  assert.equal(formatted.formatted, true)
  const info = await data<{ clusterId: string; nodeId: number; formatted: boolean; bootstrapFeatures: object }>(
    'storage',
    'info',
    '-d',
    directory,
  )
  assert.deepEqual([info.clusterId, info.nodeId, info.formatted], [CLUSTER, 7, true])

  const again = await braidlog(['storage', 'format', '-d', directory, '-t', CLUSTER, '-n', '7'])
  assert.equal(again.exitCode, 1)
  const ignored = await data<{ formatted: boolean }>(
    'storage',
    'format',
    '-d',
    directory,
    '-t',
    CLUSTER,
    '-n',
    '7',
    '--ignore-formatted',
  )
  assert.equal(ignored.formatted, false)
  const other = await braidlog(['storage', 'format', '-d', directory, '-n', '7', '--ignore-formatted'])
  assert.equal(other.exitCode, 1)
  assert.match(other.stderr, new RegExp(CLUSTER))
})

test('node id and directory are read from server.properties', async () => {
  const directory = join(folder, 'from-file')
  const file = join(folder, 'server.properties')
  writeFileSync(file, `node.id=12\nlog.dirs=${directory}\n`)
  await data('storage', 'format', file, '-t', CLUSTER)
  assert.match(readFileSync(join(directory, 'meta.properties'), 'utf8'), /^node\.id=12$/m)
})

test('a cluster id that is none is refused before anything is written', async () => {
  const { exitCode, stderr } = await braidlog(['storage', 'format', '-d', join(folder, 'never'), '-t', 'short'])
  assert.equal(exitCode, 2)
  assert.match(stderr, /'short' is no cluster id/)
  assert.equal((await data<{ formatted: boolean }>('storage', 'info', '-d', join(folder, 'never'))).formatted, false)
})

test('random-uuid prints a cluster id', async () => {
  const { stdout } = await braidlog(['storage', 'random-uuid'])
  assert.match(stdout, /^[A-Za-z0-9_-]{22}\n$/)
})

test('the bootstrap checkpoint is dumped with its records decoded', async () => {
  const directory = join(folder, 'dumped')
  await data('storage', 'format', '-d', directory, '-t', CLUSTER)
  const rows = await data<Record<string, unknown>[]>(
    'storage',
    'dump-log',
    '--records',
    join(directory, 'bootstrap.checkpoint'),
  )
  const types = rows.flatMap((row) => ('type' in row ? [row['type']] : []))
  assert.ok(types.length > 0)
  for (const type of types) assert.equal(type, 'FeatureLevel')
  assert.equal(
    rows.some((row) => 'problem' in row),
    false,
  )
})

function segment(): { path: string; bytes: Uint8Array } {
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 10_000, compression: 'zstd' })
  builder.append('key', 'välue', 1_000)
  builder.append(null, Uint8Array.of(0xff), 2_000)
  const bytes = builder.build({ baseOffset: 5, leaderEpoch: 3 })
  mkdirSync(join(folder, 'orders-0'), { recursive: true })
  const path = join(folder, 'orders-0', '00000000000000000005.log')
  return { path, bytes }
}

test('a segment is dumped batch by batch, record by record', async () => {
  const { path, bytes } = segment()
  writeFileSync(path, Buffer.concat([bytes, bytes]))
  const rows = await data<Record<string, unknown>[]>('storage', 'dump-log', '--records', path)
  assert.deepEqual(
    rows.filter((row) => 'baseOffset' in row).map((row) => [row['baseOffset'], row['count'], row['position']]),
    [
      [5, 2, 0],
      [5, 2, bytes.length],
    ],
  )
  const records = rows.filter((row) => 'key' in row).slice(0, 2)
  assert.deepEqual(
    records.map(({ offset, timestamp, key, value }) => ({ offset, timestamp, key, value })),
    [
      { offset: 5, timestamp: 1_000, key: 'key', value: 'välue' },
      { offset: 6, timestamp: 2_000, key: null, value: 'base64:/w==' },
    ],
  )
})

test('damage ends the dump with a row that says where and what', async () => {
  const { path, bytes } = segment()
  const flipped = Uint8Array.from(bytes)
  flipped[70]! ^= 1
  for (const [tail, problem] of [
    [flipped, /checksum/],
    [bytes.subarray(0, 40), /cut off/],
    [bytes.subarray(0, 5), /cut off/],
    [new Uint8Array(100), /a batch of 12 bytes/],
  ] as const) {
    writeFileSync(path, Buffer.concat([bytes, tail]))
    const rows = await data<Record<string, unknown>[]>('storage', 'dump-log', path)
    assert.equal(rows.length, 2)
    assert.equal(rows[1]!['position'], bytes.length)
    assert.match(String(rows[1]!['problem']), problem)
  }
})

test('indexes are dumped up to their unused rest', async () => {
  const { path } = segment()
  const offsetIndex = path.replace('.log', '.index')
  writeFileSync(offsetIndex, Buffer.from('0000000a0000100000000014000020000000000000000000', 'hex'))
  assert.deepEqual(await data('storage', 'dump-log', offsetIndex), [
    { offset: 15, position: 0x1000 },
    { offset: 25, position: 0x2000 },
  ])
  const timeIndex = path.replace('.log', '.timeindex')
  writeFileSync(timeIndex, Buffer.from('00000000000003e80000000a000000000000000000000000', 'hex'))
  assert.deepEqual(await data('storage', 'dump-log', timeIndex), [{ timestamp: 1_000, offset: 15 }])
})

test('a file that is not there or of another kind is refused', async () => {
  for (const path of [join(folder, 'none.log'), join(folder, 'x.txt')]) {
    const { exitCode } = await braidlog(['storage', 'dump-log', path])
    assert.equal(exitCode, 2)
  }
})

test('a directory is formatted for a quorum whose voters can change, as it is told', async () => {
  const write = (name: string, lines: readonly string[]): string => {
    const path = join(folder, `${name}.properties`)
    const own = [`log.dirs=${join(folder, name)}`, 'process.roles=broker,controller', 'node.id=2']
    writeFileSync(path, [...own, ...lines, ''].join('\n'))
    return path
  }
  const listeners = 'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093'
  const dynamic = [listeners, 'controller.quorum.bootstrap.servers=127.0.0.1:9093']
  const format = (...args: string[]) => braidlog(['storage', 'format', ...args, '-t', CLUSTER])
  const undecided = await format(write('undecided', dynamic))
  assert.equal(undecided.exitCode, 2)
  assert.match(undecided.stderr, /--standalone.*--initial-controllers.*--no-initial-controllers/s)

  const [one, two] = ['JEXY6aqzQY-32P5TStzaFg', 'MvDxzVmcRsaTz33bUuRU6A']
  const controllers = `1@127.0.0.1:9193:${one},2@127.0.0.1:9093:${two}`
  assert.equal((await format(write('two', dynamic), '--initial-controllers', controllers)).exitCode, 0)
  const info = (name: string) =>
    data<{ kraftVersion: number | null; directoryId: string }>('storage', 'info', '-d', join(folder, name))
  const { directoryId, kraftVersion } = await info('two')
  assert.deepEqual([directoryId, kraftVersion], [two, 1])
  const snapshot = join(folder, 'two', '__cluster_metadata-0', '00000000000000000000-0000000000.checkpoint')
  const { stdout } = await braidlog(['storage', 'dump-log', snapshot, '--records', '-o', 'json'])
  for (const id of [one, two]) assert.ok(stdout.includes(id), 'the snapshot names every voter')

  assert.equal((await format(write('alone', dynamic), '--standalone')).exitCode, 0)
  assert.equal((await info('alone')).kraftVersion, 1)
  assert.equal((await format(write('joins', dynamic), '--no-initial-controllers')).exitCode, 0)
  assert.equal((await info('joins')).kraftVersion ?? null, null)

  const fixed = write('fixed', [listeners, 'controller.quorum.voters=2@127.0.0.1:9093'])
  assert.match((await format(fixed, '--standalone')).stderr, /makes the quorum static/)
  assert.equal((await format(fixed)).exitCode, 0)
  const both = await format(write('both', dynamic), '--standalone', '--no-initial-controllers')
  assert.match(both.stderr, /exclude each other/)
  const stranger = await format(write('stranger', dynamic), '--initial-controllers', `1@127.0.0.1:9193:${one}`)
  assert.match(stranger.stderr, /node 2 is none of the initial controllers/)
  const odd = await format(write('odd', dynamic), '--initial-controllers', '1@127.0.0.1:9193')
  assert.match(odd.stderr, /id@host:port:directory-id/)
})
