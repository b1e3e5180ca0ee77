/**
 * Which codecs a first start needs, with their sources: what goes into packages for npm in place of
 * `packages/protocol/src/precompiled.ts`, so that a process neither writes nor compiles them (decision 28).
 *
 * Nobody keeps a list: a broker is started, written to and read from, in a process of its own, and its debugger says what was
 * compiled meanwhile. Any other codec is still made when it is first used.
 */
import { execFileSync } from 'node:child_process'
import { Session, type Debugger } from 'node:inspector'
import process from 'node:process'
import { CODEC_URL } from '../packages/protocol/src/codec.ts'

export interface StartCodec {
  /** `FetchRequest.v17.read` */
  readonly name: string
  /** A function expression in parentheses. */
  readonly source: string
}

export function recordStartCodecs(): readonly StartCodec[] {
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 60_000 } as const
  return JSON.parse(execFileSync(process.execPath, [import.meta.filename], options)) as StartCodec[]
}

/** A client writes requests and reads what answers them; the rest is the broker's. */
export const isOfClient = ({ name }: StartCodec): boolean =>
  /Request\.v\d+\.write$|Response\.v\d+\.read$|^RequestHeader\..*write$|^ResponseHeader\..*read$|^ConsumerProtocol/.test(
    name,
  )

/** The module that stands in for `precompiled.ts`. */
export function precompiledModule(codecs: readonly StartCodec[]): string {
  const entries = codecs.map(({ name, source }) => `  '${name}': ${source},\n`)
  return `export const precompiled = {\n${entries.join('')}}\n`
}

async function record(): Promise<readonly StartCodec[]> {
  const session = new Session()
  session.connect()
  const scripts: Debugger.ScriptParsedEventDataType[] = []
  session.on('Debugger.scriptParsed', ({ params }) => {
    if (params.url.startsWith(CODEC_URL)) scripts.push(params)
  })
  session.post('Debugger.enable')
  const { startBraidlog } = await import('@braidlog/testkit')
  {
    await using broker = await startBraidlog({ topics: { start: 1 } })
    await broker.kafka.producer().send({ topic: 'start', value: 'x' })
    const consumer = broker.kafka.consumer({ groupId: 'start', topics: ['start'], autoOffsetReset: 'earliest' })
    for await (const record of consumer) if (record.value !== null) break
  }
  const sourceOf = (scriptId: string): Promise<string> =>
    new Promise((resolve, reject) => {
      session.post('Debugger.getScriptSource', { scriptId }, (error, answer) => {
        if (error === null) resolve(answer.scriptSource)
        else reject(error)
      })
    })
  const codecs: StartCodec[] = []
  for (const { url, scriptId } of scripts) {
    const source = (await sourceOf(scriptId)).replace(/\/\/# sourceURL=.*$/m, '')
    codecs.push({ name: url.slice(CODEC_URL.length, -'.js'.length), source })
  }
  session.disconnect()
  return codecs.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

if (import.meta.main) process.stdout.write(JSON.stringify(await record()))
