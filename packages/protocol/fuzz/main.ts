/**
 * `npm run fuzz -- --seconds 600`: fuzzes the decoders of all messages until the time is up or something breaks.
 *
 * `--seed N` replays a run, `--message Name` fuzzes one message only. A finding prints the seed, the message and the
 * smallest input found, and exits with 1.
 */
import { parseArgs } from 'node:util'
import * as messages from '../src/messages.ts'
import type { Message } from '../src/message.ts'
import * as stored from '../src/stored.ts'
import { Fuzzer } from './fuzzer.ts'
import { messageTarget, type Target } from './target.ts'

const SLICE = 2000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    message: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const seed = values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(values.seed)
if (!Number.isFinite(seconds) || !Number.isInteger(seed)) fail('--seconds and --seed take numbers')

const targets = chosenTargets(values.message)
if (targets.length === 0) fail(`no message is called ${values.message}`)
console.log(`Fuzzing ${targets.length} decoders for ${seconds} s, seed ${seed}`)

const fuzzer = new Fuzzer(targets, seed)
const startMs = performance.now()
let shownMs = 0
for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startMs) {
  const finding = fuzzer.run(SLICE)
  if (finding !== undefined) {
    console.log(`\n${finding.target} breaks, seed ${seed}, run ${fuzzer.progress().runs}`)
    console.log(`input ${Buffer.from(finding.input).toString('hex')}`)
    console.log(finding.error)
    process.exit(1)
  }
  if (process.stdout.isTTY && elapsedMs - shownMs > 1000) {
    shownMs = elapsedMs
    process.stdout.write(`\r${summary(elapsedMs)}\u001b[K`)
  }
}
console.log(`${process.stdout.isTTY ? '\r' : ''}${summary(performance.now() - startMs)}; nothing broke`)

function summary(elapsedMs: number): string {
  const { runs, corpusSize, coverage } = fuzzer.progress()
  const perSecond = Math.round(runs / (elapsedMs / 1000))
  return `${Math.round(elapsedMs / 1000)} s, ${runs} inputs (${perSecond}/s), corpus ${corpusSize}, coverage ${coverage}`
}

function chosenTargets(name: string | undefined): Target[] {
  const all: readonly Message[] = [...Object.values(messages), ...Object.values(stored)]
  return all
    .filter((message) => name === undefined || message.name === name)
    .flatMap((message) => {
      const versions = Array.from(
        { length: message.versionMax - message.versionMin + 1 },
        (_, i) => message.versionMin + i,
      )
      return versions.map((version) => messageTarget(message, version))
    })
}

function fail(problem: string): never {
  console.error(problem)
  process.exit(2)
}
