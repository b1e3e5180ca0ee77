/**
 * Two servers that are asked the same things; every difference between their answers is kept, unless it is one that
 * `allowed.ts` knows.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { apiByName, type Api } from '@braidlog/protocol'
import { allowance } from './allowed.ts'
import { Link, type Answer } from './link.ts'
import { differences, Names } from './normalise.ts'

export class Side {
  readonly link: Link
  readonly names: Names

  constructor(port: number) {
    this.link = new Link(port)
    this.names = new Names(port)
  }

  topicId(name: string): string {
    return this.names.topicId(name)
  }
}

export type Body = object | ((side: Side) => object)

export interface Asking {
  /** What was learnt elsewhere may reach a server's answers late: ask again while they differ. */
  readonly again?: boolean
  readonly silentMs?: number
  /** What the request is about, where its fields do not tell. */
  readonly title?: string
}

export interface Difference {
  readonly question: string
  readonly path: string
  readonly kafka: unknown
  readonly braidlog: unknown
}

const AGAIN_MS = 3_000
const PAUSE_MS = 50

export class Twins implements Disposable {
  readonly sides: readonly [Side, Side]
  readonly found: Difference[] = []
  readonly allowed = new Set<string>()
  asked = 0

  constructor(kafkaPort: number, braidlogPort: number) {
    this.sides = [new Side(kafkaPort), new Side(braidlogPort)]
  }

  [Symbol.dispose](): void {
    for (const { link } of this.sides) link[Symbol.dispose]()
  }

  /** Asks both, and keeps how the answers differ. @returns both answers as they came, `undefined` for none */
  async ask(name: string, version: number, body: Body, options: Asking = {}): Promise<[unknown, unknown]> {
    const api = apiByName(name)!
    this.asked++
    for (const deadline = Date.now() + AGAIN_MS; ; await delay(PAUSE_MS)) {
      const bodies = this.sides.map((side) => (typeof body === 'function' ? body(side) : body))
      const answers = await Promise.all(
        this.sides.map((side, i) => ask(side.link, api, version, bodies[i]!, options.silentMs)),
      ).catch((error: unknown) => {
        throw new Error(`${api.name} v${version} ${brief(bodies[0])}`, { cause: error })
      })
      const [kafka, braidlog] = answers.map((answer, i) => this.sides[i]!.names.normalise(answer))
      const different = differences(kafka, braidlog)
        .map(({ path, values }) => ({ path: path.replace(/^body\/?/, ''), kafka: values[0], braidlog: values[1] }))
        .filter((each) => {
          const reason = allowance(api.name, version, each, bodies[0]!)
          if (reason !== undefined) this.allowed.add(`${api.name}: ${reason}`)
          return reason === undefined
        })
      if (different.length > 0 && options.again === true && Date.now() < deadline) continue
      const question = `${api.name} v${version} ${options.title ?? ''} ${brief(bodies[0])}`
      for (const each of different) this.found.push({ question, ...each })
      return answers.map((answer) => (typeof answer === 'object' && 'body' in answer ? answer.body : undefined)) as [
        unknown,
        unknown,
      ]
    }
  }

  /** Asks the same in every version that both serve. */
  async askAll(name: string, body: (version: number) => Body, options: Asking = {}): Promise<void> {
    const { versionMin, versionMax } = served(name)
    for (let version = versionMin; version <= versionMax; version++)
      await this.ask(name, version, body(version), options)
  }

  /** Sends the same bytes to both. */
  async send(what: string, frame: Uint8Array, silentMs = 1_000): Promise<void> {
    this.asked++
    const answers = await Promise.all(this.sides.map(({ link }) => link.send([frame], silentMs)))
    const [kafka, braidlog] = answers.map((answer) =>
      answer instanceof Uint8Array ? Buffer.from(answer).toString('hex') : answer,
    )
    if (kafka !== braidlog) this.found.push({ question: what, path: '', kafka, braidlog })
  }

  /** Creates a topic on both and waits until both serve it. */
  async createTopic(
    name: string,
    options: { partitions?: number; configs?: Record<string, string> } = {},
  ): Promise<void> {
    const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }))
    const numPartitions = options.partitions ?? 1
    await this.ask('CreateTopics', 7, {
      topics: [{ name, numPartitions, replicationFactor: 1, configs }],
      timeoutMs: 10_000,
    })
    await this.untilServed(name)
  }

  /** Waits until both know a leader of every partition of a topic. */
  async untilServed(name: string): Promise<void> {
    const metadata = apiByName('Metadata')!
    for (const side of this.sides) {
      for (const deadline = Date.now() + 10_000; ; await delay(20)) {
        const answer = await ask(side.link, metadata, 12, { topics: [{ name }], allowAutoTopicCreation: false })
        side.names.normalise(answer)
        if (isServed(answer) && (await leadsAll(side, name, answer))) break
        if (Date.now() > deadline) throw new Error(`${name} is not served: ${JSON.stringify(answer)}`)
      }
    }
  }
}

function isServed(answer: Answer): boolean {
  if (typeof answer === 'string') return false
  const { topics } = answer.body as { topics: { errorCode: number; partitions: { errorCode: number }[] }[] }
  return topics.every((topic) => topic.errorCode === 0 && topic.partitions.every(({ errorCode }) => errorCode === 0))
}

/** Metadata names a leader before that one knows. */
async function leadsAll(side: Side, name: string, answer: Answer): Promise<boolean> {
  if (typeof answer === 'string') return false
  const [topic] = (answer.body as { topics: { partitions: { partitionIndex: number }[] }[] }).topics
  const partitions = topic!.partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: -1 }))
  const body = { replicaId: -1, topics: [{ name, partitions }] }
  const offsets = await ask(side.link, apiByName('ListOffsets')!, 7, body)
  if (typeof offsets === 'string') return false
  const [listed] = (offsets.body as { topics: { partitions: { errorCode: number }[] }[] }).topics
  return listed!.partitions.every(({ errorCode }) => errorCode === 0)
}

async function ask(link: Link, api: Api, version: number, body: object, silentMs?: number): Promise<Answer> {
  return link.ask(api, version, body, silentMs)
}

/** The versions of an API that clients may use; Produce says more than it serves. */
export function served(name: string): { readonly versionMin: number; readonly versionMax: number } {
  const { versionMin, versionMaxStable } = apiByName(name)!
  return { versionMin, versionMax: versionMaxStable }
}

function brief(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    each instanceof Uint8Array ? `${each.length} bytes` : typeof each === 'string' ? each.slice(0, 40) : each,
  )
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
