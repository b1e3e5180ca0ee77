/**
 * The main job on real input: a log file of a million JSON lines goes into a topic by the CLI with keys, and comes out of it by three
 * consumers of one group in three processes, of which one is killed and started again on the way, and by kcat.
 *
 * `MAIN_JOB_LINES` sets another number of lines.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { repositoryRoot } from '../../tools/pinned-node.ts'
import { ensureProgram } from '../peers/debian.ts'
import { eventually, run, start, type RunningChild, type RunResult } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'
import { writeLogFile } from './log-lines.ts'
import { assertAtLeastOnce, assertExact, printedFormat, readPrinted } from './printed.ts'

const lineCount = Number(process.env['MAIN_JOB_LINES'] ?? 1_000_000)
const codecLineCount = 30_000
const partitionCount = 6
const cliMain = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts')
const jobTimeoutMs = 120_000
/** So that the killed member is missed soon. */
const sessionTimeoutMs = 6_000
/** The victim has printed this much when it is killed: it is in the middle of its work. */
const killAtSizeBytes = 4 << 20

let server: PeerServer
let work: string
let logFile: string
before(async () => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-main-job-'))
  logFile = join(work, 'requests.jsonl')
  server = await startPeerServer()
})
after(async () => {
  await server?.stop()
  rmSync(work, { recursive: true, force: true })
})

const at = (command: readonly string[]): string[] => [cliMain, ...command, '-b', server.bootstrap]

function braidlog(...command: string[]): Promise<RunResult> {
  return run(process.execPath, at(command), { timeoutMs: jobTimeoutMs })
}

/** Starts a program that writes to a file: too much to gather in memory. The shell makes way for it, so that signals reach it. */
function startInto(file: string, program: string, args: readonly string[]): RunningChild {
  return start('/bin/sh', ['-c', 'exec "$@" >"$0"', file, program, ...args])
}

function startMember(group: string, topic: string, file: string): RunningChild {
  const properties = ['-X', `session.timeout.ms=${sessionTimeoutMs}`, '-X', 'heartbeat.interval.ms=1000']
  return startInto(
    file,
    process.execPath,
    at(['consume', topic, '-g', group, '-o', 'beginning', '-f', printedFormat, ...properties]),
  )
}

async function kcatInto(file: string, topic: string): Promise<void> {
  const args = ['-C', '-b', server.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', printedFormat]
  const child = startInto(file, await ensureProgram('kcat', 'kcat'), args)
  assert.ok(await child.exited(jobTimeoutMs), 'kcat ends at the end of the partitions')
  assert.equal(child.exitCode(), 0, child.tail())
}

interface PartitionLag {
  readonly partition: number
  readonly committed: number | null
  readonly end: number
  readonly lag: number | null
}

async function lagOf(group: string): Promise<PartitionLag[]> {
  const { stdout, exitCode } = await run(process.execPath, at(['group', 'describe', group, '-o', 'json']), {
    exitCodes: [0, 1],
  })
  if (exitCode !== 0) return []
  const { data } = JSON.parse(stdout) as { data: { partitions: PartitionLag[] }[] }
  return data[0]?.partitions ?? []
}

/** Figures are for the reader of the run; nothing is asserted about time but its bound. */
function report(step: string, records: number, startedMs: number): void {
  const seconds = (performance.now() - startedMs) / 1000
  process.stdout.write(
    `  ${step}: ${records} records in ${seconds.toFixed(1)} s, ${Math.round(records / seconds)} records/s\n`,
  )
}

test('a log file goes through a topic and a group of three, one of them killed and started again: nothing is lost', async () => {
  const topic = 'requests'
  const group = 'readers'
  const sizeBytes = writeLogFile(logFile, lineCount)
  process.stdout.write(`  ${lineCount} lines, ${Math.round(sizeBytes / lineCount)} bytes each\n`)
  await braidlog('topic', 'create', topic, '-p', String(partitionCount))

  const files = Array.from({ length: 4 }, (_, index) => join(work, `member-${index}`))
  const consumingSince = performance.now()
  const members = files.slice(0, 3).map((file) => startMember(group, topic, file))
  const victim = members[0]!
  try {
    const producingSince = performance.now()
    const producing = braidlog('produce', '-t', topic, '--key-field', 'user', '--output', 'json', logFile).then(
      (result) => {
        report('produce', lineCount, producingSince)
        return result
      },
    )
    producing.catch(() => {}) // Awaited below; a failure on the way must not end the process.
    await eventually(
      () => {
        assert.equal(victim.exitCode(), -1, victim.tail())
        return sizeOf(files[0]!) > killAtSizeBytes ? true : undefined
      },
      'the first member prints',
      jobTimeoutMs,
    )
    await victim.kill()
    members[0] = startMember(group, topic, files[3]!)

    const produced = JSON.parse((await producing).stdout) as { data: { records: number } }
    assert.equal(produced.data.records, lineCount, 'every line is acknowledged')
    await eventually(
      async () => {
        for (const member of members) assert.equal(member.exitCode(), -1, member.tail())
        const partitions = await lagOf(group)
        return partitions.length === partitionCount && partitions.every(({ committed, end }) => committed === end)
          ? true
          : undefined
      },
      'the group has committed up to the end',
      jobTimeoutMs,
    )
    report(`consume by three, one killed on the way`, lineCount, consumingSince)
  } finally {
    await Promise.all(members.map((member) => member.stop()))
  }
  for (const member of members) assert.equal(member.exitCode(), 130, `an interrupted member says so\n${member.tail()}`)

  const ends = (await lagOf(group)).map(({ committed, end }) => {
    assert.equal(committed, end, 'committed is the end, also after the members have left')
    return end
  })
  assert.equal(
    ends.reduce((sum, end) => sum + end, 0),
    lineCount,
  )
  const printed = files.map(readPrinted)
  const killed = printed[0]!
  assert.ok(killed.count > 0 && killed.count < lineCount, 'the victim was killed on the way')
  const repeated = assertAtLeastOnce(printed, killed, lineCount)
  process.stdout.write(
    `  printed by the killed member ${killed.count}, by the others ${printed[1]!.count}, ${printed[2]!.count} and ${printed[3]!.count}; ${repeated} twice\n`,
  )
})

test('kcat reads every line of it, byte for byte, every key in the order of the file', async () => {
  const file = join(work, 'kcat')
  const since = performance.now()
  await kcatInto(file, 'requests')
  report('kcat', lineCount, since)
  assertExact(readPrinted(file), lineCount)
})

test('a reader without a group and a group of one read every line exactly once', async () => {
  for (const flags of [[], ['-g', 'alone']]) {
    const file = join(work, 'alone')
    const since = performance.now()
    const child = startInto(
      file,
      process.execPath,
      at(['consume', 'requests', ...flags, '-o', 'beginning', '-e', '-f', printedFormat]),
    )
    assert.ok(await child.exited(jobTimeoutMs), 'it ends at the end of the partitions')
    assert.equal(child.exitCode(), 0, child.tail())
    report(`consume ${flags.join(' ') || 'without a group'}`, lineCount, since)
    assertExact(readPrinted(file), lineCount)
  }
  assert.ok((await lagOf('alone')).every(({ committed, end }) => committed === end))
})

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`with ${codec}: produced by the CLI, read by kcat and by the CLI`, async () => {
    const topic = `requests-${codec}`
    const input = join(work, 'small.jsonl')
    writeLogFile(input, codecLineCount)
    await braidlog('topic', 'create', topic, '-p', '2')
    const since = performance.now()
    await braidlog('produce', '-t', topic, '--key-field', 'user', '-z', codec, input)
    report(`produce with ${codec}`, codecLineCount, since)
    const byKcat = join(work, `${codec}-kcat`)
    await kcatInto(byKcat, topic)
    assertExact(readPrinted(byKcat), codecLineCount)
    const byCli = join(work, `${codec}-cli`)
    const child = startInto(byCli, process.execPath, at(['consume', topic, '-e', '-f', printedFormat]))
    assert.ok(await child.exited(jobTimeoutMs))
    assert.equal(child.exitCode(), 0, child.tail())
    assertExact(readPrinted(byCli), codecLineCount)
  })
}

/** 0 when it is not there yet. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
