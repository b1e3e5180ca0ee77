/** Commands against an embedded broker: what they do, and what `-o json` says, golden. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { assertGolden, braidlog, type DriveOptions, type Outcome } from './drive.ts'

let k: Braidlog
const folder = mkdtempSync(join(tmpdir(), 'braidlog-cli-'))

before(async () => {
  k = await startBraidlog()
})
after(async () => {
  await k.stop()
  rmSync(folder, { recursive: true })
})

function online(args: readonly string[], options: DriveOptions = {}): Promise<Outcome> {
  return braidlog(args, { ...options, env: { BOOTSTRAP_SERVERS: k.bootstrapServers, ...options.env } })
}

/** Runs a command that must succeed. */
async function ok(args: readonly string[], options: DriveOptions = {}): Promise<Outcome> {
  const outcome = await online(args, options)
  assert.equal(outcome.exitCode, 0, `braidlog ${args.join(' ')}\n${outcome.stdout}${outcome.stderr}`)
  return outcome
}

async function data<T>(...args: string[]): Promise<T> {
  return (JSON.parse((await ok([...args, '-o', 'json'])).stdout) as { data: T }).data
}

/** Golden texts are .txt although they are JSON: a formatter must not touch them. What differs from run to run is replaced by its kind. */
function normalized(text: string): string {
  return text
    .replaceAll(/("(?:topicId|clusterId|directoryId)": )"[\w-]{22}"/g, '$1"<uuid>"')
    .replaceAll(/("memberId": )"[^"]+"/g, '$1"<member>"')
    .replaceAll(/("port": )\d+/g, '$1"<port>"')
    .replaceAll(
      /("(?:totalBytes|usableBytes|sizeBytes|logEndOffset|highWatermark|leaderEpoch|lastFetchTimestamp|lastCaughtUpTimestamp|epoch)": )(?:\d+|null)/g,
      '$1"<number>"',
    )
}

async function golden(name: string, ...args: string[]): Promise<void> {
  const { stdout } = await ok([...args, '-o', 'json'])
  assertGolden(`${name}.txt`, normalized(stdout))
}

/** A topic of its own for each test. */
async function topic(name: string, partitions = 1, ...more: string[]): Promise<string> {
  await ok(['topic', 'create', name, '-p', String(partitions), ...more])
  return name
}

test('a topic is created, listed, described, changed, grown and deleted', async () => {
  await golden('topic-create', 'topic', 'create', 'life', '-p', '2', '-c', 'retention.ms=3600000')
  await golden('topic-list', 'topic', 'list', '^life$')
  await golden('topic-describe', 'topic', 'describe', 'life')
  await golden(
    'topic-alter-config',
    'topic',
    'alter-config',
    'life',
    '-s',
    'cleanup.policy=compact',
    '-d',
    'retention.ms',
  )
  await golden('topic-add-partitions', 'topic', 'add-partitions', 'life', '-p', '3')
  const [described] = await data<{ configs: object; partitions: unknown[] }[]>('topic', 'describe', 'life')
  assert.deepEqual(described!.configs, { 'cleanup.policy': 'compact' })
  assert.equal(described!.partitions.length, 3)
  await golden('topic-delete', 'topic', 'delete', 'life', '-y')
  await k.until.topicGone('life')
})

test('a topic that exists, or does not, is an error unless forgiven', async () => {
  await topic('once')
  const again = await online(['topic', 'create', 'once', '-o', 'json'])
  assert.equal(again.exitCode, 1)
  assert.equal((JSON.parse(again.stdout) as { error: { code: string } }).error.code, 'TOPIC_ALREADY_EXISTS')
  const forgiven = await data<{ outcome: string }[]>('topic', 'create', 'once', '--if-not-exists')
  assert.equal(forgiven[0]!.outcome, 'exists')

  const missing = await online(['topic', 'delete', 'never', '-y'])
  assert.equal(missing.exitCode, 1)
  assert.match(missing.stderr, /there is no topic 'never'/)
  await ok(['topic', 'delete', 'never', '-y', '--if-exists'])
  const unknown = await online(['topic', 'describe', 'never'])
  assert.equal(unknown.exitCode, 1)
  assert.match(unknown.stderr, /UNKNOWN_TOPIC_OR_PARTITION/)
})

test('a dry run changes nothing', async () => {
  const name = await topic('dry', 1)
  await ok(['topic', 'create', 'dry-new', '--dry-run'])
  await ok(['topic', 'alter-config', name, '-s', 'retention.ms=1', '--dry-run'])
  await ok(['topic', 'add-partitions', name, '-p', '9', '--dry-run'])
  await ok(['topic', 'delete', name, '--dry-run'])
  const topics = await data<{ name: string; partitions: number }[]>('topic', 'list', '^dry')
  assert.deepEqual(
    topics.map((one) => [one.name, one.partitions]),
    [['dry', 1]],
  )
  const [described] = await data<{ configs: object }[]>('topic', 'describe', name)
  assert.deepEqual(described!.configs, {})
})

test('a destructive command without a terminal needs -y', async () => {
  const name = await topic('kept')
  const refused = await online(['topic', 'delete', name])
  assert.equal(refused.exitCode, 2)
  assert.match(refused.stderr, /-y/)
  assert.equal((await data<unknown[]>('topic', 'list', '^kept$')).length, 1)
})

test('lines become records and records lines', async () => {
  const name = await topic('lines', 3)
  await ok(['produce', '-t', name, '-K', ':', '-H', 'from=cli'], { stdin: 'a:1\nb:2\nä:dr€i\n' })
  const { stdout } = await ok(['consume', '-t', name, '-o', 'beginning', '-e', '-f', '%k=%s %h\\n'])
  assert.deepEqual(stdout.trim().split('\n').toSorted(), ['a=1 from=cli', 'b=2 from=cli', 'ä=dr€i from=cli'])
  const keyed = await ok(['consume', name, '-e', '-K', '\\t'])
  assert.deepEqual(keyed.stdout.trim().split('\n').toSorted(), ['a\t1', 'b\t2', 'ä\tdr€i'])
})

test('records are read from where they are asked for', async () => {
  const name = await topic('numbers')
  await ok(['produce', '-t', name], { stdin: Array.from({ length: 20 }, (_, i) => `${i}\n`).join('') })
  const read = async (...args: string[]): Promise<string> =>
    (await ok(['consume', '-t', name, '-e', ...args])).stdout.trim().replaceAll('\n', ' ')
  assert.equal(await read('-o', '17'), '17 18 19')
  assert.equal(await read('-o', '-2'), '18 19')
  assert.equal(await read('-o', 'beginning', '-c', '3'), '0 1 2')
  assert.equal(await read('-o', 'end'), '')
  assert.equal(await read('-o', 's@0', '-o', 'e@1'), '')
  assert.equal(await read('-o', '@-1h', '-c', '1'), '0')
  assert.equal(await read('-p', '0', '-o', '19', '-D', ';'), '19;')
  const wrong = await online(['consume', '-t', name, '-p', '7', '-e'])
  assert.equal(wrong.exitCode, 2)
  assert.match(wrong.stderr, /no partition 7/)
})

test('JSON envelopes and JSON keys are read, tombstones written', async () => {
  const name = await topic('envelopes')
  await ok(['produce', '-t', name, '--json'], {
    stdin: '{"key":"a","value":{"n":1},"headers":{"h":"x"},"timestamp":1700000000000}\n{"key":"b","value":null}\n',
  })
  await ok(['produce', '-t', name, '--key-field', 'user.id'], { stdin: '{"user":{"id":"c"},"n":2}\n' })
  await ok(['produce', '-t', name, '-K', ':', '-Z'], { stdin: 'd:\n' })
  const { stdout } = await ok(['consume', name, '-e', '-J'])
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    records.map(({ key, payload }) => [key, payload]),
    [
      ['a', '{"n":1}'],
      ['b', null],
      ['c', '{"user":{"id":"c"},"n":2}'],
      ['d', null],
    ],
  )
  assert.equal(records[0]!['ts'], 1_700_000_000_000)
  assert.deepEqual(records[0]!['headers'], ['h', 'x'])
})

test('files are read too, and every codec', async () => {
  const name = await topic('codecs')
  const file = join(folder, 'lines.txt')
  writeFileSync(file, 'one\ntwo')
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) await ok(['produce', '-t', name, '-z', codec, file])
  const { stdout } = await ok(['consume', name, '-e'])
  assert.equal(stdout, 'one\ntwo\n'.repeat(5))
  const missing = await online(['produce', '-t', name, join(folder, 'none.txt')])
  assert.equal(missing.exitCode, 2)
  assert.match(missing.stderr, /cannot read .*none\.txt/)
})

test('consuming follows new records until interrupted', async () => {
  const name = await topic('follow')
  const controller = new AbortController()
  await ok(['produce', '-t', name], { stdin: 'first\n' })
  let second: Promise<Outcome> | undefined
  const { exitCode, stdout } = await online(['consume', '-t', name, '-o', 'beginning', '-u'], {
    signal: controller.signal,
    onStdout: (text) => {
      if (text === 'first\n') second ??= ok(['produce', '-t', name], { stdin: 'second\n' })
      if (text === 'first\nsecond\n') controller.abort(new Error('SIGINT'))
    },
  })
  await second
  assert.equal(exitCode, 130)
  assert.equal(stdout, 'first\nsecond\n')
})

test('a group reads on where it stopped', async () => {
  const name = await topic('shared')
  await ok(['produce', '-t', name], { stdin: '1\n2\n3\n' })
  const first = await ok(['consume', '-g', 'readers', '-t', name, '-o', 'beginning', '-c', '2'])
  assert.equal(first.stdout, '1\n2\n')
  const rest = await ok(['consume', '-g', 'readers', '-t', name, '-e'])
  assert.equal(rest.stdout, '3\n')
})

test('a group is listed, described, reset and deleted, each change only with --execute', async () => {
  const name = await topic('tracked')
  await ok(['produce', '-t', name], { stdin: '1\n2\n3\n4\n' })
  await ok(['consume', '-g', 'tracker', '-t', name, '-o', 'beginning', '-c', '4'])
  await k.until.groupEmpty('tracker')
  const groups = await data<{ groupId: string }[]>('group', 'list')
  assert.ok(groups.some((one) => one.groupId === 'tracker'))
  await golden('group-describe', 'group', 'describe', 'tracker')

  await golden('group-reset-plan', 'group', 'reset', 'tracker', '--to', '-3')
  const committed = async (): Promise<number> =>
    (await data<{ partitions: { committed: number }[] }[]>('group', 'describe', 'tracker'))[0]!.partitions[0]!.committed
  assert.equal(await committed(), 4)
  await golden('group-reset', 'group', 'reset', 'tracker', '--to', '-3', '--execute')
  assert.equal(await committed(), 1)
  const exported = await ok(['group', 'reset', 'tracker', '--to', 'start', '--export'])
  assert.equal(exported.stdout, 'tracked,0,0\n')
  writeFileSync(join(folder, 'plan.csv'), exported.stdout)
  await ok(['group', 'reset', 'tracker', '--to', `file:${join(folder, 'plan.csv')}`, '--execute'])
  assert.equal(await committed(), 0)

  await golden('group-delete-plan', 'group', 'delete', 'tracker')
  assert.equal(await committed(), 0)
  await golden('group-delete', 'group', 'delete', 'tracker', '--execute')
  const gone = await online(['group', 'describe', 'tracker'])
  assert.equal(gone.exitCode, 1)
  assert.match(gone.stderr, /no .*group 'tracker'/)
})

test('a topic is trimmed up to an offset', async () => {
  const name = await topic('trimmed')
  await ok(['produce', '-t', name], { stdin: '1\n2\n3\n' })
  await golden('topic-trim-plan', 'topic', 'trim', name, '--before-offset', '2', '--dry-run')
  await golden('topic-trim', 'topic', 'trim', name, '--before-offset', '2', '-y')
  assert.equal((await ok(['consume', name, '-e'])).stdout, '3\n')
  await ok(['topic', 'trim', name, '--all', '-y'])
  assert.equal((await ok(['consume', name, '-e'])).stdout, '')
})

test('the cluster tells its brokers, its health, its features', async () => {
  await golden('cluster-info', 'cluster', 'info')
  const health = await data<{ healthy: boolean }>('cluster', 'health')
  assert.equal(health.healthy, true)
  const quorum = await data<{ voters: { nodeId: number }[] }>('cluster', 'quorum')
  assert.deepEqual(
    quorum.voters.map((one) => one.nodeId),
    [1],
  )
  const status = await data<{ leader: number; observers: unknown[] }>('quorum', 'status')
  assert.deepEqual([status.leader, status.observers], [1, []])
  const brokers = await data<{ nodeId: number; fenced: boolean }[]>('broker', 'list')
  assert.deepEqual(
    brokers.map(({ nodeId, fenced }) => [nodeId, fenced]),
    [[1, false]],
  )
})

test('a plan is applied, and another one written that goes back', async () => {
  await topic('moved')
  const [plan, undo] = [join(folder, 'plan.json'), join(folder, 'undo.json')]
  const partitions = [{ topic: 'moved', partition: 0, replicas: [1] }]
  writeFileSync(plan, JSON.stringify({ version: 1, partitions }))
  await data('cluster', 'reassign', 'apply', plan, '--undo', undo)
  assert.deepEqual(JSON.parse(readFileSync(undo, 'utf8')), { version: 1, partitions })
  const again = await online(['cluster', 'reassign', 'apply', plan, '--undo', undo])
  assert.match(again.stderr, /cannot write .*undo.json: EEXIST.*nothing was moved/)
})

test('features are raised and lowered, and what the cluster would not take is said before anything is changed', async () => {
  interface Upgrade {
    readonly changes: { name: string; from: number | null; level: number }[]
    readonly dryRun?: boolean
  }
  assert.deepEqual(await data<Upgrade>('cluster', 'upgrade'), { changes: [] })
  const lower = ['cluster', 'upgrade', '-f', 'transaction.version=1']
  assert.deepEqual(await data<Upgrade>(...lower), { changes: [] }, 'without --downgrade what is ahead stays')
  const change = { name: 'transaction.version', from: 2, level: 1 }
  assert.deepEqual(await data<Upgrade>(...lower, '--downgrade', '--dry-run'), { changes: [change], dryRun: true })
  assert.deepEqual((await data<Upgrade>(...lower, '--downgrade', '-y')).changes, [change])
  assert.deepEqual((await data<Upgrade>('cluster', 'upgrade', '-y')).changes, [{ ...change, from: 1, level: 2 }])
  const refused = await braidlog(['cluster', 'upgrade', '-f', 'metadata.version=99', '-b', k.bootstrapServers])
  assert.match(refused.stderr, /INVALID_UPDATE_VERSION.*this node has 7 to 30/)
  const unknown = await braidlog(['cluster', 'upgrade', '-f', 'nothing=1', '-b', k.bootstrapServers])
  assert.match(unknown.stderr, /feature nothing is not known to this cluster/)
})

test('a static quorum is made one that can be changed, and that is said where it matters', async () => {
  const fixed = await startBraidlog({ config: { 'controller.quorum.voters': '1@127.0.0.1:9093' } })
  const of = (...args: string[]) => braidlog([...args, '-b', fixed.bootstrapServers])
  try {
    const upgraded = await of('cluster', 'upgrade')
    assert.match(upgraded.stderr, /voters of the quorum are static; .*--feature kraft\.version=1/)
    const remove = await of('quorum', 'remove-voter', '1', '-y')
    assert.match(remove.stderr, /quorum is static.*--feature kraft\.version=1/)
    const raised = await of('cluster', 'upgrade', '--feature', 'kraft.version=1', '-y', '-o', 'json')
    assert.deepEqual((JSON.parse(raised.stdout) as { data: object }).data, {
      changes: [{ name: 'kraft.version', from: null, level: 1 }],
      dryRun: false,
    })
    const features = await of('cluster', 'features', '-o', 'tsv')
    assert.match(features.stdout, /^kraft\.version\t1\t0\t1$/m)
    assert.equal((await of('cluster', 'upgrade')).stderr, '')
    const lowered = await of('cluster', 'upgrade', '--feature', 'kraft.version=0', '--downgrade', '-y')
    assert.match(lowered.stderr, /kraft\.version is at 1 and is never lowered/)
    assert.match((await of('quorum', 'remove-voter', '1', '-y')).stderr, /the last voter stays/)
  } finally {
    await fixed.stop()
  }
})

test('replicas that lie well need not move, and a running broker is not forgotten', async () => {
  await topic('placed')
  const plan = await data<{ version: number; partitions: unknown[] }>('cluster', 'reassign', 'plan')
  assert.deepEqual(plan, { version: 1, partitions: [] })
  assert.deepEqual(await data('cluster', 'reassign', 'status'), [])
  await ok(['cluster', 'elect-leaders', 'placed'])
  const running = await online(['broker', 'unregister', '1', '-y'])
  assert.equal(running.exitCode, 1)
  assert.match(running.stderr, /running; stop it first/)
})

test('the configuration of topics and brokers is read and changed', async () => {
  const name = await topic('configured')
  await ok(['config', 'set', `topic/${name}`, 'retention.ms=1000'])
  await golden('config-get', 'config', 'get', `topic/${name}`)
  await ok(['config', 'set', `topic/${name}`, '-d', 'retention.ms'])
  const back = await data<{ entries: unknown[] }>('config', 'get', `topic/${name}`)
  assert.deepEqual(back.entries, [])
  const [id] = (await data<{ entries: { name: string; value: string }[] }>('config', 'get', 'broker/1', 'node.id'))
    .entries
  assert.deepEqual([id!.name, id!.value], ['node.id', '1'])
  const wrong = await online(['config', 'set', `topic/${name}`, 'retention.ms=soon'])
  assert.equal(wrong.exitCode, 1)
  assert.match(wrong.stderr, /INVALID_CONFIG/)
})

test('perf measures what it sent and read', async () => {
  const name = await topic('speed')
  const sent = await data<{ records: number; sizeBytes: number }>('perf', 'produce', name, '-n', '500', '-s', '10')
  assert.deepEqual([sent.records, sent.sizeBytes], [500, 5_000])
  const read = await data<{ records: number; sizeBytes: number }>('perf', 'consume', name)
  assert.deepEqual([read.records, read.sizeBytes], [500, 5_000])
})

test('doctor finds nothing wrong here, and the closed port where there is one', async () => {
  const well = await data<{ healthy: boolean; checks: { check: string; outcome: string }[] }>('doctor')
  assert.equal(well.healthy, true)
  const ill = await online(['doctor', '-b', '127.0.0.1:9', '-o', 'tsv'])
  assert.equal(ill.exitCode, 3)
  assert.match(ill.stdout, /failed/)
  assert.match(ill.stdout, /ECONNREFUSED/)
})

test('completion knows topics and groups', async () => {
  await topic('completed')
  const { stdout } = await ok(['__complete', '-b', k.bootstrapServers, 'topic', 'describe', 'compl'])
  assert.equal(stdout, 'completed\t1 partitions\n')
})
