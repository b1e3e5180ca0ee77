/** The cluster itself, elections, and frames that no client should send. */
import { APIS, apiByName, encodeRequest } from '@braidlog/protocol'
import type { Twins } from './twins.ts'

export async function cluster(twins: Twins): Promise<void> {
  const again = { again: true }
  for (const endpointType of [1, 2, 3]) {
    for (const includeClusterAuthorizedOperations of [false, true]) {
      const more = { includeClusterAuthorizedOperations }
      if (endpointType === 1) await twins.ask('DescribeCluster', 0, more, again)
      await twins.ask('DescribeCluster', 1, { endpointType, ...more }, again)
      await twins.ask('DescribeCluster', 2, { endpointType, includeFencedBrokers: true, ...more }, again)
    }
  }
  await twins.createTopic('elected', { partitions: 2 })
  const log = (name: string, partitions: readonly number[]): object => ({ topics: [{ topic: name, partitions }] })
  await twins.askAll('DescribeLogDirs', () => log('elected', [0, 1, 2]), again)
  await twins.askAll('DescribeLogDirs', () => log('nowhere', [0]), again)
  await twins.askAll('DescribeLogDirs', () => ({ topics: [] }), again)
  for (const electionType of [0, 1, 2]) {
    for (const topicPartitions of [
      [{ topic: 'elected', partitions: [0] }],
      [{ topic: 'elected', partitions: [0, 1, 2] }],
      [{ topic: 'nowhere', partitions: [0] }],
      [],
    ]) {
      await twins.askAll('ElectLeaders', (version) => ({
        ...(version > 0 ? { electionType } : {}),
        topicPartitions,
        timeoutMs: 5_000,
      }))
    }
  }
  for (const brokerId of [2, -1, 99]) await twins.ask('UnregisterBroker', 0, { brokerId })
  await reassignments(twins)
  await frames(twins)
}

async function reassignments(twins: Twins): Promise<void> {
  for (const body of [
    { topics: null },
    { topics: [] },
    { topics: [{ name: 'elected', partitionIndexes: [0] }] },
    { topics: [{ name: 'nowhere', partitionIndexes: [0] }] },
  ]) {
    await twins.ask('ListPartitionReassignments', 0, { ...body, timeoutMs: 5_000 })
  }
}

async function frames(twins: Twins): Promise<void> {
  const sized = (bytes: readonly number[]): Uint8Array => {
    const frame = Buffer.alloc(4 + bytes.length)
    frame.writeInt32BE(bytes.length)
    frame.set(bytes, 4)
    return new Uint8Array(frame)
  }
  const header = (key: number, version: number): number[] => [
    key >> 8,
    key & 255,
    version >> 8,
    version & 255,
    0,
    0,
    0,
    9,
    255,
    255,
  ]
  for (const key of [-1, 4, 5, 6, 7, 95, 1000, 32_767]) await twins.send(`key ${key}`, sized(header(key, 0)))
  for (const { key, name, listeners, versionMin, versionMax } of APIS) {
    if (key === 18 || !listeners.includes('broker')) continue
    for (const version of [versionMin - 1, versionMax + 1, 32_767, -1]) {
      await twins.send(`${name} v${version}`, sized([...header(key, version), 0, 0]), 300)
    }
  }
  for (const version of [5, 6, 99])
    await twins.send(`ApiVersions v${version} then nothing`, sized(header(18, version)).subarray(0, 4), 150)
  await twins.send('an empty frame', sized([]))
  await twins.send('a frame of one byte', sized([0]))
  await twins.send('a negative size', new Uint8Array([0xff, 0xff, 0xff, 0xff]))
  await twins.send('a size beyond the limit', new Uint8Array([0x7f, 0xff, 0xff, 0xff]))
  await twins.send('text', new Uint8Array(Buffer.from('GET / HTTP/1.1\r\n\r\n')))
  const { request } = apiByName('Metadata')!
  const whole = Buffer.concat(
    encodeRequest(request, { apiVersion: 12, correlationId: 1, clientId: 'c' }, { topics: [{ name: 'elected' }] }),
  )
  await twins.send('a body cut short', sized([...whole.subarray(4, whole.length - 4)]), 300)
  await twins.ask('ApiVersions', 3, { clientSoftwareName: 'a b', clientSoftwareVersion: '1' })
  await twins.ask('ApiVersions', 3, { clientSoftwareName: '', clientSoftwareVersion: '' })
  await twins.askAll('ApiVersions', () => ({ clientSoftwareName: 'name', clientSoftwareVersion: '1.0' }), {
    again: true,
  })
}
