/** What three copies of every record cost, and how long their producer waits. */
import { join } from 'node:path'
import { produceJava } from '../loads/java.ts'
import { latencyMetrics } from '../loads/measure.ts'
import { probeRdkafka, type Probe } from '../loads/rdkafka.ts'
import type { BatchShape } from '../replay/frames.ts'
import { lanesTo, replay } from '../replay/replay.ts'
import { latenessWhileBusy } from '../lateness.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { subjects, type Durability, type Subject } from '../servers.ts'
import { withDirectory } from '../temporary.ts'
import { copies, ThreeBrokers, type TopicShape } from '../three-brokers.ts'

/** Two leaders on each node. */
const partitions = 6
const backgroundPerSecond = 3_000
const probesPerSecond = 500

interface ReplayedLoad {
  readonly name: string
  readonly batch: BatchShape
  readonly width: number
  /** To each partition. */
  readonly connections: number
}

const loads: readonly [ReplayedLoad, ReplayedLoad] = [
  {
    name: '16 KiB batches, five in flight to each partition',
    batch: { recordCount: 15, recordSizeBytes: 1024 },
    width: 5,
    connections: 1,
  },
  {
    name: 'one record of 1 KiB at a time, 24 connections',
    batch: { recordCount: 1, recordSizeBytes: 1024 },
    width: 1,
    connections: 4,
  },
]

const durabilities: readonly Durability[] = ['page-cache', 'flush']
const durabilityNames: Readonly<Record<Durability, string>> = { 'page-cache': 'page cache', flush: 'on disk' }

/** Apache Kafka flushes by topic, ours by node. */
function shapeOf(subject: Subject, durability: Durability, replicationFactor: number = copies): TopicShape {
  const configs = subject === 'kafka' && durability === 'flush' ? { 'flush.messages': '1' } : {}
  return { partitions, replicationFactor, configs }
}

export const replication: Scenario = {
  name: 'replication',
  title: 'Three copies of every record',
  about:
    'Three nodes, controller and broker each, on one machine; topics of six partitions, two leaders on each node, acks=all, ' +
    'min.insync.replicas 2. CPU is that of all three processes, per gigabyte of payload as the producer sent it; the row with one copy ' +
    'is the same load without replication: what two more copies cost is the difference. "On disk": each replica flushes before its ' +
    'copy counts, at Apache Kafka with flush.messages=1 on the topic; "page cache" is braidlog.durability=page-cache and the default of ' +
    `Apache Kafka. Single records: ${probesPerSecond} a second of 100 B from rdkafka_performance, linger 0, beside ${backgroundPerSecond.toLocaleString('en-US')} records/s of 1 KiB ` +
    'from ProducerPerformance. Everything shares two cores with its load. Busy nodes: batches of 1 MiB, batches that a topic wants in ' +
    'another codec, and topics of 300 partitions made and deleted, all at once, against what our nodes count of themselves: how late their ' +
    'timers were called back, to the next bound of a histogram. Others take a node for dead when it is late by 2 s (quorum) or 7 s ' +
    '(heartbeats).',
  minutes: 3,
  goals: [
    { text: "at most half of Apache Kafka's CPU", metric: /CPU s\/GB/, case: /3 copies/, bound: { ratio: 0.5 } },
    { text: 'p99 no longer', metric: /^p99 ms/, bound: { ratio: 1 } },
    {
      text: 'timers of heartbeats and elections late by at most 250 ms, an eighth of what is tolerated',
      metric: /timer/,
      bound: { figure: 250 },
    },
    { text: 'at least the MB/s', metric: /MB\/s/, case: /3 copies/, bound: { ratio: 1 } },
  ],
  plots: ['brokers CPU s/GB', 'p99 ms'],
  async run(options) {
    const { quick, rounds, say, record } = options
    await withDirectory(async (directory) => {
      const clusters = new Map<string, ThreeBrokers>()
      const start = async (key: string, subject: Subject, durability: Durability): Promise<ThreeBrokers> => {
        const cluster = await ThreeBrokers.format({ subject, durability, directory: join(directory, key) })
        clusters.set(key, cluster)
        await cluster.start()
        return cluster
      }
      /** Apache Kafka does both with one cluster: it flushes by topic. */
      const clusterOf = async (subject: Subject, durability: Durability): Promise<ThreeBrokers> => {
        const key = subject === 'kafka' ? subject : `${subject}-${durability}`
        return clusters.get(key) ?? (await start(key, subject, subject === 'kafka' ? 'page-cache' : durability))
      }
      const measureMs = quick ? 1000 : 2000
      try {
        for (const durability of durabilities) {
          for (const subject of subjects) await warmUp(await clusterOf(subject, durability), durability, say)
        }
        await inRounds(options, async (number) => {
          for (const durability of durabilities) {
            for (const subject of inTurns(subjects, number)) {
              const cluster = await clusterOf(subject, durability)
              const note = (name: string, metrics: Readonly<Record<string, number>>): void => {
                const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(2)}`)
                say(`${number}/${rounds} ${subject}: ${name}: ${text.join(', ')}`)
                record({ case: name, subject }, metrics)
              }
              const where = durabilityNames[durability]
              const [batches, single] = loads
              if (durability === 'page-cache')
                note(`1 copy, ${where}: ${batches.name}`, await produce(cluster, durability, batches, 1, measureMs))
              for (const load of [batches, single])
                note(`3 copies, ${where}: ${load.name}`, await produce(cluster, durability, load, copies, measureMs))
              const latency = await singleRecords(cluster, durability, quick ? 3 : 5)
              note(`3 copies, ${where}: single records to acknowledgement`, latencyMetrics(latency.produce))
              note(`3 copies, ${where}: single records to consumer`, latencyMetrics(latency.endToEnd))
            }
          }
        })
        for (const durability of durabilities) {
          const metrics = await latenessWhileBusy(await clusterOf('braidlog', durability), quick ? 2 : 4)
          say(`busy, ${durabilityNames[durability]}: ${JSON.stringify(metrics)}`)
          record({ case: `busy nodes, ${durabilityNames[durability]}`, subject: 'braidlog' }, metrics)
        }
      } finally {
        for (const cluster of clusters.values()) await cluster.close()
      }
    })
  },
}

const warmUpsMax = 10
/** A run that is not better by this much finds the compilers done. */
const warmEnough = 1.15

/** Three JVMs compile for a long time on two cores: the load is repeated until it does not get faster. */
async function warmUp(cluster: ThreeBrokers, durability: Durability, say: (text: string) => void): Promise<void> {
  let best = 0
  for (let count = 1, slower = 0; count <= warmUpsMax && slower < 2; count++) {
    let rate = 0
    for (const load of loads) rate += (await produce(cluster, durability, load, copies, 2000))['MB/s']
    slower = rate < best * warmEnough ? slower + 1 : 0
    best = Math.max(best, rate)
    say(`warm-up ${count}, ${cluster.subject}, ${durabilityNames[durability]}: ${rate.toFixed(1)} MB/s`)
  }
}

/** As much as goes through. */
async function produce(
  cluster: ThreeBrokers,
  durability: Durability,
  { batch, width, connections }: ReplayedLoad,
  replicationFactor: number,
  measureMs: number,
) {
  const shape = shapeOf(cluster.subject, durability, replicationFactor)
  const replayed = await cluster.withTopic('replicated', shape, (leaders) =>
    replay(cluster.pids, {
      lanes: lanesTo(leaders, 'replicated', { kind: 'produce', acks: -1, batch, width, connections } as const),
      warmUpMs: 700,
      measureMs,
    }),
  )
  const { payloadBytes, p50Ms, p99Ms, p999Ms } = replayed.produce
  return {
    'brokers CPU s/GB': replayed.serverCpuSeconds / (payloadBytes / 1e9),
    'MB/s': payloadBytes / 1e6 / replayed.seconds,
    ...latencyMetrics({ p50: p50Ms, p99: p99Ms, p999: p999Ms }),
  } as const
}

/** Few records a second, beside some others. */
async function singleRecords(cluster: ThreeBrokers, durability: Durability, seconds: number): Promise<Probe> {
  const { server } = cluster
  const shape = shapeOf(cluster.subject, durability)
  return cluster.withTopic('background', shape, () =>
    cluster.withTopic('probe', shape, async () => {
      const [, probe] = await Promise.all([
        produceJava(server, {
          topic: 'background',
          recordSizeBytes: 1024,
          acks: 'all',
          batches: 'default',
          recordsPerSecond: backgroundPerSecond,
          records: backgroundPerSecond * (seconds + 2),
        }),
        probeRdkafka(server, {
          topic: 'probe',
          recordSizeBytes: 100,
          acks: 'all',
          recordsPerSecond: probesPerSecond,
          records: probesPerSecond * seconds,
        }),
      ])
      return probe
    }),
  )
}
