/**
 * Our bytes against the classes in Apache Kafka's jars, for every message in every version, both ways: what we write
 * they read and write alike, what they write from random instances we read and write alike, and a value of the newest
 * version goes into an older one, or is refused there, alike. The table of error codes is compared as well.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import { ERRORS } from '@braidlog/model'
import { randomValue } from '../../packages/protocol/fuzz/random-value.ts'
import { ProtocolError } from '../../packages/protocol/src/errors.ts'
import type { Message } from '../../packages/protocol/src/message.ts'
import * as messages from '../../packages/protocol/src/messages.ts'
import * as stored from '../../packages/protocol/src/stored.ts'
import { Writer } from '../../packages/protocol/src/writer.ts'
import { askJava, Operation, type Answer, type Question } from './harness.ts'

/** Instances of every version, each way. */
const INSTANCES = 24
const TIMEOUT_MS = 60_000

interface MessageQuestion extends Question {
  readonly message: Message
}

test('every message in every version is the same to us and to Apache Kafka', { timeout: TIMEOUT_MS }, async (t) => {
  const questions = [...messageQuestions()]
  const answers = await askJava(questions)
  if ('missing' in answers) return t.skip(answers.missing)
  const differences = questions.flatMap((question, i) => judge(question, answers[i]!))
  for (const line of differences.slice(0, 100)) console.log(line)
  assert.equal(differences.length, 0, `${differences.length} of ${questions.length} instances differ`)
  console.log(`${questions.length} instances of ${new Set(questions.map((each) => each.name)).size} messages agree`)
})

test('error codes have the names and retriability that they have in Apache Kafka', async (t) => {
  const answers = await askJava([{ operation: Operation.Errors, name: '', version: 0, payload: new Uint8Array(0) }])
  if ('missing' in answers) return t.skip(answers.missing)
  const answer = answers[0]!
  assert.ok(answer.ok)
  const ours = ERRORS.map(({ code, name, retriable }) => `${code} ${name} ${retriable}`)
  assert.deepEqual(ours, new TextDecoder().decode(answer.bytes).trimEnd().split('\n'))
})

function* messageQuestions(): Generator<MessageQuestion> {
  const random = new SeededRandom(20260924)
  const all: readonly Message[] = [...Object.values(messages), ...Object.values(stored)]
  for (const message of all) {
    const { name } = message
    for (let version = message.versionMin; version <= message.versionMax; version++) {
      for (let i = 0; i < INSTANCES; i++) {
        const payload = message.encode(randomValue(message, version, random), version)
        yield { message, name, version, operation: Operation.Rewrite, payload }
        const seed = new Writer()
        seed.int64(random.uint32())
        yield { message, name, version, operation: Operation.Random, payload: seed.toBytes() }
        if (version < message.versionMax) {
          yield { message, name, version, operation: Operation.Downgrade, payload: newestValue(message, random) }
        }
      }
    }
  }
}

/** A value in the newest version; half of the time with few fields set, so that older versions can carry it. */
function newestValue(message: Message, random: SeededRandom): Uint8Array {
  const full = randomValue(message, message.versionMax, random)
  const sparse = Object.fromEntries(Object.entries(full).filter(() => below(random, 3) === 0))
  const writer = new Writer()
  writer.int16(message.versionMax)
  message.write(writer, below(random, 2) === 0 ? full : sparse, message.versionMax)
  return writer.toBytes()
}

/** @returns what is wrong with the answer, as a line each */
function judge(question: MessageQuestion, answer: Answer): string[] {
  const { message, version, operation, payload } = question
  const ours =
    operation === Operation.Rewrite
      ? payload
      : operation === Operation.Downgrade
        ? attempt(() => message.encode(message.decode(payload.subarray(2), message.versionMax), version))
        : attempt(() => (answer.ok ? message.encode(message.decode(answer.bytes, version), version) : undefined))
  if (ours instanceof Uint8Array) {
    if (answer.ok && Buffer.compare(ours, answer.bytes) === 0) return []
  } else if (!answer.ok && operation === Operation.Downgrade) {
    return []
  }
  const [us, java] = [
    ours instanceof Uint8Array ? hex(ours) : String(ours),
    answer.ok ? hex(answer.bytes) : answer.problem,
  ]
  return [`DIFFERENT ${message.name} v${version}\n  asked ${operation} ${hex(payload)}\n  ours  ${us}\n  Java  ${java}`]
}

/** The value, or the error when it is one of the protocol. */
function attempt<T>(work: () => T): T | ProtocolError {
  try {
    return work()
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 200)).toString('hex')
  return bytes.length > 200 ? `${shown}… (${bytes.length} bytes)` : shown
}
