/** Jobs for client libraries, each in a process of its own, against both servers. */
import { join } from 'node:path'
import process from 'node:process'
import { start } from '../conformance/peers/process.ts'
import type { PeerServer } from '../conformance/peers/server.ts'
import type { ClientJob, ClientLine, ClientResult } from './client-process.ts'
import type { ClientUnderTest } from './clients/client.ts'
import { ensureNative } from './native-clients.ts'
import type { ScenarioOptions } from './samples.ts'

export const clientNames = ['braidlog', 'kafkajs', 'platformatic', 'confluent', 'crab'] as const
export type ClientName = (typeof clientNames)[number]

/** More than any job takes that goes on at all. */
const silenceMs = 30_000

export const serverTitles: Readonly<Record<PeerServer['name'], string>> = {
  braidlog: 'on Braidlog',
  kafka: 'on Apache Kafka',
}

/** The clients that can be had on this machine; says why one cannot. */
export async function availableClients(
  options: ScenarioOptions,
): Promise<readonly { readonly name: ClientName; readonly client: Capabilities }[]> {
  const available = []
  for (const name of clientNames) {
    try {
      if (name === 'confluent' || name === 'crab') await ensureNative(name)
      const { client } = (await import(`./clients/${name}.ts`)) as { client: ClientUnderTest }
      available.push({ name, client })
    } catch (error) {
      options.say(`${name} is absent: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    }
  }
  return available
}

export type Capabilities = Pick<ClientUnderTest, 'codecs' | 'produceWays' | 'consumeWays'>

/**
 * Runs jobs in one process, or as many as it takes when a library ends its process. Results come in the order of the jobs; a job that
 * fails has the reason in place of one.
 */
export async function runJobs(client: ClientName, jobs: readonly ClientJob[]): Promise<(ClientResult | string)[]> {
  const results: (ClientResult | string)[] = []
  while (results.length < jobs.length) {
    const left = jobs.slice(results.length)
    const lines = await runProcess(client, left)
    for (const line of lines) results.push('result' in line ? line.result : line.failure)
    if (lines.length < left.length && !lines.some((line) => 'failure' in line))
      results.push('its process ended or hung')
  }
  return results
}

async function runProcess(client: ClientName, jobs: readonly ClientJob[]): Promise<ClientLine[]> {
  const child = start(process.execPath, [join(import.meta.dirname, 'client-process.ts'), client, JSON.stringify(jobs)])
  const lines = (): string[] =>
    child
      .stdout()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{"'))
  try {
    for (;;) {
      const before = lines().length
      if (await child.exited(silenceMs)) break
      if (lines().length === before) break
    }
  } finally {
    await child.kill()
  }
  return lines().map((line) => JSON.parse(line) as ClientLine)
}
