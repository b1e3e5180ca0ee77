/**
 * Apache Kafka's own message definitions, as data: read from a folder outside the repository, never copied into it.
 * The environment variable KAFKA_MESSAGES names the folder; otherwise `../shared/kafka-messages` beside the repository.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface JsonField {
  readonly name: string
  readonly type: string
  readonly versions?: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly ignorable?: boolean
  readonly default?: string | number | boolean | null
  readonly fields?: readonly JsonField[]
}

export interface JsonMessage {
  readonly type: string
  readonly name: string
  readonly apiKey?: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly listeners?: readonly string[]
  readonly fields: readonly JsonField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly JsonField[] }[]
}

/** The folder, or `undefined` when there is none on this machine. */
export function definitionsFolder(): string | undefined {
  const repository = resolve(import.meta.dirname, '..', '..')
  const folder = process.env['KAFKA_MESSAGES'] ?? join(repository, '..', 'shared', 'kafka-messages')
  return existsSync(folder) ? folder : undefined
}

/** Every message that has a version; removed ones are left out. */
export function readDefinitions(folder: string): JsonMessage[] {
  return globSync('**/*.json', { cwd: folder })
    .toSorted()
    .map((file) => JSON.parse(withoutComments(readFileSync(join(folder, file), 'utf8'))) as JsonMessage)
    .filter((message) => message.validVersions !== 'none')
}

/** Blanks `//` comments; slashes inside strings stay. */
function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, (_, quoted: string | undefined) => quoted ?? '')
}
