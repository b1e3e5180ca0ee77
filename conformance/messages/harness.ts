/**
 * Apache Kafka's message classes as a process that answers questions: one JVM, `java/MessageHarness.java`, compiled by
 * `java` itself when it starts, talking over its standard streams.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { FrameSplitter } from '../../packages/protocol/src/frame.ts'
import { Writer } from '../../packages/protocol/src/writer.ts'
import { PeerMissingError } from '../peers/debian.ts'
import { ensureJava } from '../peers/java.ts'
import { classPath } from '../peers/kafka.ts'

const ANSWER_SIZE_MAX = 16 * 1024 * 1024

/** What the harness can be asked; its own comment explains each. */
export const Operation = { Rewrite: 0, Random: 1, Downgrade: 2, Errors: 3 } as const
export type Operation = (typeof Operation)[keyof typeof Operation]

export interface Question {
  readonly operation: Operation
  readonly name: string
  readonly version: number
  readonly payload: Uint8Array
}

/** Bytes of a message, or the text of why there are none. */
export type Answer =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: string }

/**
 * Asks all questions of one JVM.
 * @returns the answers in the order of the questions, or why there can be none on this machine
 */
export async function askJava(questions: readonly Question[]): Promise<Answer[] | { readonly missing: string }> {
  let harness: Harness
  try {
    harness = await startHarness()
  } catch (error) {
    if (error instanceof PeerMissingError) return { missing: error.message }
    throw error
  }
  try {
    return (await ask(harness, questions)).map(parseAnswer)
  } finally {
    harness.kill()
  }
}

function parseAnswer(frame: Uint8Array): Answer {
  const bytes = frame.subarray(1)
  return frame[0] === 0 ? { ok: true, bytes } : { ok: false, problem: new TextDecoder().decode(bytes) }
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
    harness.on('close', (code) => reject(new Error(`the harness ended with ${code} after ${answers.length} answers`)))
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

function frame({ operation, name, version, payload }: Question): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int8(operation)
  writer.string(name)
  writer.int16(version)
  writer.raw(payload)
  writer.setFirstInt32(writer.sizeBytes() - 4)
  return writer.chunks()
}
