/**
 * Our configuration tables against Apache Kafka's own definitions: names, types, defaults, importance, dynamic modes,
 * synonyms, and which texts each key accepts.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  BROKER_CONFIGS,
  CLIENT_METRICS_CONFIGS,
  formatConfigValue,
  GROUP_CONFIGS,
  parseConfigValue,
  TOPIC_CONFIG_SYNONYMS,
  TOPIC_CONFIGS,
  type ConfigTable,
} from '@braidlog/model'
import { PeerMissingError } from '../peers/debian.ts'
import { ensureJava } from '../peers/java.ts'
import { classPath } from '../peers/kafka.ts'

const TIMEOUT_MS = 60_000

const TABLES: Readonly<Record<string, ConfigTable>> = {
  broker: BROKER_CONFIGS,
  topic: TOPIC_CONFIGS,
  group: GROUP_CONFIGS,
  'client-metrics': CLIENT_METRICS_CONFIGS,
}

/** At and around the bounds, and what is not of the type. */
const TEXTS = [
  '| |x|true|FALSE| true |yes|1| 7 |+3|-0|007|1.5|.5|1e3|0x10|1_000|-131073|-131072|-3|-2|-1|0|2|3|5|6|9|10',
  '11|17|18|22|23|25|26|99|100|999|1000|1023|1024|1999|2000|2001|4000|9999|10000|10001|30000|30001|60000',
  '86400|86401|524287|524288|1048575|1048576|3600000|3600001|8388607|8388608|32767|32768|2147483647',
  '2147483648|-2147483649|9007199254740993|9223372036854775807|9223372036854775808|compact|delete',
  'compact,delete| compact , delete |compact,x|producer|zstd|uncompressed|none|ZSTD|CreateTime|LogAppendTime',
  'createtime|latest|earliest|by_duration:PT1H|by_duration:P1D|by_duration:PT|by_duration:|read_committed',
  'required|requested|PLAINTEXT|SASL_SSL|broker|controller|broker,controller|classic,consumer|bidirectional',
  'DISABLED|RS256|rs256|*|0:1|0:1,2:3|0:1,*|localhost:9092|host|1@localhost:9093|1@localhost|a,b|a,a|a,,b',
  'delete,|delete,delete|DEBUG',
].flatMap((line) => line.split('|'))

/** Where we are stricter or laxer on purpose. */
const DIFFERENCES: readonly ((table: string, name: string, text: string) => boolean)[] = [
  // Whether a Java class of the name can be loaded is not ours to find out.
  (table, name) => TABLES[table]![name]!.type === 'class',
  // A text to Apache Kafka, the name of a class all the same, which it looks for when it starts. We have one of them.
  (_table, name) => name === 'replica.selector.class',
]

test('configuration tables are those of Apache Kafka', { timeout: TIMEOUT_MS }, async (t) => {
  const lines = await askKafka()
  if ('missing' in lines) return t.skip(lines.missing)
  const of = (kind: string) => lines.filter((cells) => cells[0] === kind).map((cells) => cells.slice(1))

  await t.test('names, types, defaults, importance, modes', () => {
    const theirs = of('key').map((cells) => cells.join(' | '))
    const ours = Object.entries(TABLES).flatMap(([table, keys]) => {
      const names = Object.keys(keys).filter((name) => !/^(?:braidlog|confluent)\./.test(name))
      return names.toSorted(byCodePoint).map((name) => describe(table, name))
    })
    assert.deepEqual(ours, theirs)
  })

  await t.test('synonyms of topic keys', () => {
    const ours = Object.entries(TOPIC_CONFIG_SYNONYMS).map(([name, synonyms]) => [
      name,
      ...synonyms.map((each) => each.name),
    ])
    assert.deepEqual(
      ours.toSorted((a, b) => byCodePoint(a[0]!, b[0]!)),
      of('synonym'),
    )
  })

  await t.test('which texts are values', () => {
    const differences: string[] = []
    for (const [table, name, text, accepted] of of('value') as [string, string, string, string][]) {
      const unescaped = text.replaceAll('\\t', '\t').replaceAll('\\\\', '\\')
      const parsed = parseConfigValue(name, TABLES[table]![name]!, unescaped)
      if (String(parsed.ok) === accepted || DIFFERENCES.some((each) => each(table, name, unescaped))) continue
      differences.push(`${table} ${name} = "${text}": Apache Kafka ${accepted}, ours ${parsed.ok}`)
    }
    assert.deepEqual(differences, [])
  })
})

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function describe(table: string, name: string): string {
  const key = TABLES[table]![name]!
  const text = formatConfigValue(key.type, key.default)
  const fallback = key.default === undefined ? 'NONE' : text === null ? 'NULL' : `=${text}`
  return [
    table,
    name,
    key.type.toUpperCase(),
    fallback,
    key.importance.toUpperCase(),
    String(key.internal),
    key.mode,
  ].join(' | ')
}

/** @returns the harness's lines as cells, or why there can be none on this machine */
async function askKafka(): Promise<string[][] | { readonly missing: string }> {
  try {
    const { java } = await ensureJava()
    const source = join(import.meta.dirname, 'java', 'ConfigHarness.java')
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', await classPath(), source]
    const child = spawn(java, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(`${TEXTS.join('\n')}\n`)
    let output = ''
    child.stdout.setEncoding('utf8')
    for await (const chunk of child.stdout) output += chunk
    return output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
  } catch (error) {
    if (error instanceof PeerMissingError) return { missing: error.message }
    throw error
  }
}
