/** All scenarios, in the order of the page. */
import type { Scenario } from './samples.ts'
import { brokerConsume, brokerConsumeJava } from './scenarios/broker-consume.ts'
import { brokerPeak } from './scenarios/broker-peak.ts'
import { brokerProduce, brokerProduceJava } from './scenarios/broker-produce.ts'
import { brokers } from './scenarios/brokers.ts'
import { clientConsume, clientConsumeCodecs } from './scenarios/client-consume.ts'
import { clientMemory, clientStart } from './scenarios/client-lifetime.ts'
import { clientConcurrent, clientSequential, clientStream } from './scenarios/client-produce.ts'
import { durable } from './scenarios/durable.ts'
import { latency, latencyDurable } from './scenarios/latency.ts'
import { memoryUse } from './scenarios/memory.ts'
import { micro } from './scenarios/micro.ts'
import { model } from './scenarios/model.ts'
import { profiles } from './scenarios/profiles.ts'
import { failover } from './scenarios/failover.ts'
import { replication } from './scenarios/replication.ts'
import { restart } from './scenarios/restart.ts'
import { embedded, startup } from './scenarios/startup.ts'

export const scenarios: readonly Scenario[] = [
  brokerProduce,
  brokerProduceJava,
  brokerConsume,
  brokerConsumeJava,
  brokerPeak,
  latency,
  latencyDurable,
  durable,
  startup,
  embedded,
  memoryUse,
  restart,
  brokers,
  replication,
  failover,
  clientConcurrent,
  clientSequential,
  clientStream,
  clientConsume,
  clientConsumeCodecs,
  clientMemory,
  clientStart,
  micro,
  model,
  ...profiles,
]
