/**
 * Our bytes against the classes in Apache Kafka's jars, for every message in every version, both ways:
 * what we write they read and write alike, what they write from random instances we read and write alike, and a value
 * of the newest version goes into an older one, or is refused there, alike.
 *
 * One JVM runs `java/MessageHarness.java` (compiled by `java` itself when it starts) and answers over its standard streams.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import { randomValue } from '../../packages/protocol/fuzz/random-value.ts'
import { ProtocolError } from '../../packages/protocol/src/errors.ts'
import { FrameSplitter } from '../../packages/protocol/src/frame.ts'
import type { Message } from '../../packages/protocol/src/message.ts'
import * as messages from '../../packages/protocol/src/messages.ts'
import * as stored from '../../packages/protocol/src/stored.ts'
import { Writer } from '../../packages/protocol/src/writer.ts'
import { PeerMissingError } from '../peers/debian.ts'
import { ensureJava } from '../peers/java.ts'
import { classPath } from '../peers/kafka.ts'

/** Instances of every version, each way. */
const INSTANCES = 24
const ANSWER_SIZE_MAX = 16 * 1024 * 1024
const TIMEOUT_MS = 60_000

const REWRITE = 0
const RANDOM = 1
const DOWNGRADE = 2

interface Question {
  readonly message: Message
  readonly version: number
  readonly operation: typeof REWRITE | typeof RANDOM | typeof DOWNGRADE
  readonly payload: Uint8Array
}

test('every message in every version is the same to us and to Apache Kafka', { timeout: TIMEOUT_MS }, async (t) => {
  const harness = await startHarness().catch((error: unknown) => {
    if (error instanceof PeerMissingError) return error.message
    throw error
  })
  if (typeof harness === 'string') return t.skip(harness)
  try {
    const all = [...questions()]
    const answers = await ask(harness, all)
    const differences = all.flatMap((question, i) => judge(question, answers[i]!))
    for (const line of differences.slice(0, 100)) console.log(line)
    assert.equal(differences.length, 0, `${differences.length} of ${all.length} instances differ`)
    console.log(`${all.length} instances of ${new Set(all.map((each) => each.message)).size} messages agree`)
  } finally {
    harness.kill()
  }
})

function* questions(): Generator<Question> {
  const random = new SeededRandom(20260924)
  for (const message of [...Object.values(messages), ...Object.values(stored)] as unknown as Message[]) {
    for (let version = message.versionMin; version <= message.versionMax; version++) {
      for (let i = 0; i < INSTANCES; i++) {
        const payload = message.encode(randomValue(message, version, random), version)
        yield { message, version, operation: REWRITE, payload }
        const seed = new Writer()
        seed.int64(random.uint32())
        yield { message, version, operation: RANDOM, payload: seed.toBytes() }
        if (version < message.versionMax) yield downgrade(message, version, random)
      }
    }
  }
}

/** A value of the newest version; half of the time with few fields set, so that older versions can carry it. */
function downgrade(message: Message, version: number, random: SeededRandom): Question {
  const newest = message.versionMax
  const full = randomValue(message, newest, random)
  const sparse = Object.fromEntries(Object.entries(full).filter(() => below(random, 3) === 0))
  const value = below(random, 2) === 0 ? full : sparse
  const writer = new Writer()
  writer.int16(newest)
  message.write(writer, value, newest)
  return { message, version, operation: DOWNGRADE, payload: writer.toBytes() }
}

/** @returns what is wrong with the answer, as a line each */
function judge({ message, version, operation, payload }: Question, answer: Uint8Array): string[] {
  const at = `${message.name} v${version}`
  const bytes = answer.subarray(1)
  if (operation === DOWNGRADE) return judgeDowngrade({ message, version, operation, payload }, answer)
  if (answer[0] !== 0) return [`${at}: Java says ${new TextDecoder().decode(bytes)}`]
  if (operation === REWRITE) {
    return equal(bytes, payload) ? [] : [`${at}: ours ${hex(payload)}\n  Java's ${hex(bytes)}`]
  }
  try {
    const ours = message.encode(message.decode(bytes, version), version)
    return equal(bytes, ours) ? [] : [`${at}: Java's ${hex(bytes)}\n  ours ${hex(ours)}`]
  } catch (error) {
    return [`${at}: Java's ${hex(bytes)}\n  ${error as Error}`]
  }
}

function judgeDowngrade({ message, version, payload }: Question, answer: Uint8Array): string[] {
  const ours = downgraded(message, version, payload)
  const theirs = answer[0] === 0 ? answer.subarray(1) : undefined
  if (ours === undefined ? theirs === undefined : theirs !== undefined && equal(ours, theirs)) return []
  const [us, java] = [ours, theirs].map((bytes) => (bytes === undefined ? 'refused' : hex(bytes)))
  return [`${message.name} v${version} from v${message.versionMax}: ours ${us}\n  Java's ${java}`]
}

/** @returns `undefined` when the version cannot carry the value */
function downgraded(message: Message, version: number, payload: Uint8Array): Uint8Array | undefined {
  const value = message.decode(payload.subarray(2), message.versionMax)
  try {
    return message.encode(value, version)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

type Harness = ChildProcessByStdio<Writable, Readable, null>

async function startHarness(): Promise<Harness> {
  const { java } = await ensureJava()
  const source = join(import.meta.dirname, 'java', 'MessageHarness.java')
  const flags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', await classPath(), source]
  return spawn(java, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Sends all questions, at the pace of the harness. @returns their answers in order */
async function ask(harness: Harness, all: readonly Question[]): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = []
  const answered = new Promise<void>((resolve, reject) => {
    const splitter = new FrameSplitter(ANSWER_SIZE_MAX)
    harness.stdout.on('data', (chunk: Uint8Array) => {
      for (const frame of splitter.push(chunk)) answers.push(frame)
      if (answers.length === all.length) resolve()
    })
    harness.on('error', reject)
    harness.on('exit', (code) => reject(new Error(`the harness ended with ${code} after ${answers.length} answers`)))
  })
  // Handled below; until then an early end must not count as unhandled.
  answered.catch(() => {})
  for (const question of all) {
    for (const chunk of frame(question)) {
      if (!harness.stdin.write(chunk)) await Promise.race([once(harness.stdin, 'drain'), answered])
    }
  }
  harness.stdin.end()
  await answered
  return answers
}

function once(stream: Writable, event: string): Promise<void> {
  return new Promise((resolve) => stream.once(event, resolve))
}

function frame({ message, version, operation, payload }: Question): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int8(operation)
  writer.string(message.name)
  writer.int16(version)
  writer.raw(payload)
  writer.setFirstInt32(writer.sizeBytes() - 4)
  return writer.chunks()
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 200)).toString('hex')
  return bytes.length > 200 ? `${shown}… (${bytes.length} bytes)` : shown
}
