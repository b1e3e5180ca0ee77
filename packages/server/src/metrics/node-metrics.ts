/**
 * What a node says of itself: everything is read when it is asked for, from counters and from the committed metadata.
 *
 * Names begin with `braidlog_`; times are seconds, sizes bytes. Where Apache Kafka has a metric for the same thing, the help
 * text names it. Bound: one sample a topic for at most {@link TOPIC_SAMPLES_MAX} topics, one an API that was asked for.
 */
import type { BrokerMetrics, ClusterMembership } from '@braidlog/broker'
import type { ControllerNode } from '@braidlog/controller'
import type { ImageView } from '@braidlog/metadata'
import type { PartitionSet } from '@braidlog/partition'
import type { RaftRole } from '@braidlog/raft'
import { connectionLimitsOf, type ServerConfig } from '../config.ts'
import { PrometheusText, type Sample } from './prometheus-text.ts'

export interface NodeMetricsSources {
  readonly config: ServerConfig
  readonly clusterId: string
  readonly controller: ControllerNode
  /** Of the listeners for clients and for controllers. */
  readonly connections: readonly { readonly listener: 'broker' | 'controller'; readonly metrics: BrokerMetrics }[]
  /** Of the broker role. */
  readonly broker: { readonly partitions: PartitionSet; readonly membership: ClusterMembership } | undefined
}

export const TOPIC_SAMPLES_MAX = 1_000

const ROLES = ['leader', 'candidate', 'prospective', 'follower', 'unattached', 'resigned'] as const satisfies RaftRole[]

export function nodeMetrics(sources: NodeMetricsSources): string {
  const text = new PrometheusText()
  writeNode(text, sources)
  writeConnections(text, sources)
  writeQuorum(text, sources)
  writeTimers(text, sources)
  const { broker, controller, config } = sources
  if (controller.isActive) writeCluster(text, controller.image)
  if (broker !== undefined) writePartitions(text, broker.partitions, sources.connections[0]!.metrics, config)
  return text.toString()
}

function writeNode(text: PrometheusText, { config, clusterId, connections }: NodeMetricsSources): void {
  const roles = [config.isBroker ? 'broker' : '', config.isController ? 'controller' : ''].filter(Boolean).join(',')
  text.gauge('braidlog_node_info', 'Always 1; who this node is', [
    [{ node_id: config.nodeId, cluster_id: clusterId, roles }, 1],
  ])
  const startedAtMs = connections[0]?.metrics.startedAtMs
  if (startedAtMs !== undefined) {
    text.gauge('process_start_time_seconds', 'When the node was started, since 1970', startedAtMs / 1000)
  }
  const { user, system } = process.cpuUsage()
  text.counter('process_cpu_seconds_total', 'User and system time of the process', (user + system) / 1e6)
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  text.gauge('process_resident_memory_bytes', 'Memory that the process occupies', rss)
  text.gauge('braidlog_heap_bytes', 'Memory of JavaScript objects, and of buffers', [
    [{ kind: 'objects' }, heapUsed],
    [{ kind: 'buffers' }, arrayBuffers],
  ])
}

function writeConnections(text: PrometheusText, { connections, config }: NodeMetricsSources): void {
  const each = (value: (metrics: BrokerMetrics) => number): Sample[] =>
    connections.map(({ listener, metrics }) => [{ listener }, value(metrics)])
  text.counter(
    'braidlog_network_received_bytes_total',
    'Bytes of requests',
    each((metrics) => metrics.bytesReceived),
  )
  text.counter(
    'braidlog_network_sent_bytes_total',
    'Bytes of answers',
    each((metrics) => metrics.bytesSent),
  )
  text.gauge(
    'braidlog_connections',
    'Open connections',
    each((metrics) => metrics.connectionsOpen),
  )
  text.gauge(
    'braidlog_connections_max',
    'Bound of braidlog_connections: max.connections',
    config.values['max.connections'],
  )
  text.counter(
    'braidlog_connections_accepted_total',
    'Connections so far',
    each((metrics) => metrics.connectionsAccepted),
  )
  const refused = 'Connections turned away or closed because of what the client did'
  text.counter(
    'braidlog_connections_refused_total',
    refused,
    each((metrics) => metrics.connectionsRefused),
  )
  const inFlight = 'Bytes of requests that are being received or worked on'
  text.gauge(
    'braidlog_request_memory_bytes',
    inFlight,
    each((metrics) => metrics.requestBytesInFlight),
  )
  const { requestMemoryMaxBytes } = connectionLimitsOf(config.values)
  const bound = 'Bound of braidlog_request_memory_bytes for each listener: queued.max.request.bytes'
  text.gauge('braidlog_request_memory_bytes_max', bound, requestMemoryMaxBytes)

  const used = connections.flatMap(({ listener, metrics }) =>
    Object.entries(metrics.apis).flatMap(([api, counts]) =>
      counts.requests > 0 ? [{ labels: { listener, api }, counts }] : [],
    ),
  )
  text.counter(
    'braidlog_requests_total',
    'Requests by API',
    used.map(({ labels, counts }) => [labels, counts.requests]),
  )
  text.counter(
    'braidlog_request_errors_total',
    'Requests that could not be read, or came in a version that is not served',
    used.map(({ labels, counts }) => [labels, counts.errors]),
  )
  text.histogram(
    'braidlog_request_duration_seconds',
    'From the turn that took a request up to the one that sent the answer; waiting for data and for other replicas included',
    used.map(({ labels, counts }) => [labels, counts.durations]),
  )
  text.histogram(
    'braidlog_turn_duration_seconds',
    'For how long each turn with requests in it kept the event loop from everything else',
    connections.map(({ listener, metrics }) => [{ listener }, metrics.turns]),
  )
}

function writeQuorum(text: PrometheusText, { controller, config }: NodeMetricsSources): void {
  const { raft } = controller
  const active = 'Whether this controller is the active one (ActiveControllerCount)'
  if (config.isController) text.gauge('braidlog_controller_active', active, Number(controller.isActive))
  text.gauge(
    'braidlog_quorum_leader',
    'Node id of the active controller; -1: none is known',
    controller.leader?.id ?? -1,
  )
  text.gauge('braidlog_quorum_epoch', 'Epoch of the quorum', raft.epoch)
  text.gauge(
    'braidlog_quorum_role',
    'What this node is in the quorum: 1 for one of them',
    ROLES.map((role) => [{ role }, Number(raft.role === role)]),
  )
  text.gauge('braidlog_quorum_voters', 'How many controllers vote', raft.voters.length)
  text.gauge('braidlog_metadata_end_offset', 'End of the metadata log here', raft.endOffset)
  text.gauge('braidlog_metadata_high_watermark', 'Committed up to here, as far as this node knows', raft.highWatermark)
  text.gauge('braidlog_metadata_applied_offset', 'Last metadata record that this node goes by', controller.image.offset)
}

/** Lateness is what stands between a busy node and being taken for dead; its limit is a configuration of the others. */
function writeTimers(text: PrometheusText, { controller, broker, config }: NodeMetricsSources): void {
  const { values } = config
  const session = values['broker.session.timeout.ms'] - values['broker.heartbeat.interval.ms']
  const timers = [
    ...(controller.raft.timerLateness === undefined
      ? []
      : [['quorum', controller.raft.timerLateness, values['controller.quorum.fetch.timeout.ms']] as const]),
    ...(broker === undefined ? [] : [['heartbeat', broker.membership.timerLateness, session] as const]),
  ]
  text.histogram(
    'braidlog_timer_lateness_seconds',
    'How late timers were called back: how long other work kept elections and heartbeats waiting',
    timers.map(([timer, lateness]) => [{ timer }, lateness]),
  )
  text.gauge(
    'braidlog_timer_lateness_max_seconds',
    'The most since the start',
    timers.map(([timer, lateness]) => [{ timer }, lateness.maxMs / 1000]),
  )
  text.gauge(
    'braidlog_timer_lateness_limit_seconds',
    'Beyond it the others take this node for dead: of the quorum controller.quorum.fetch.timeout.ms, of heartbeats ' +
      'broker.session.timeout.ms less broker.heartbeat.interval.ms',
    timers.map(([timer, , limitMs]) => [{ timer }, limitMs / 1000]),
  )
}

/** Told by the active controller alone, so that a sum over all nodes is right. */
function writeCluster(text: PrometheusText, image: ImageView): void {
  const brokers = [...image.brokers()]
  const fenced = brokers.filter((broker) => broker.fenced).length
  text.gauge('braidlog_cluster_brokers', 'Registered brokers (ActiveBrokerCount, FencedBrokerCount)', [
    [{ state: 'up' }, brokers.length - fenced],
    [{ state: 'fenced' }, fenced],
  ])
  text.gauge('braidlog_cluster_topics', 'Topics (GlobalTopicCount)', image.topicCount)
  text.gauge('braidlog_cluster_partitions', 'Partitions (GlobalPartitionCount)', image.partitionCount)
  let [offline, underReplicated, moving, imbalanced] = [0, 0, 0, 0]
  for (const { partitions } of image.topics()) {
    for (const { leader, isr, replicas, addingReplicas, removingReplicas } of partitions.values()) {
      if (leader < 0) offline++
      if (isr.length < replicas.length) underReplicated++
      if (addingReplicas.length + removingReplicas.length > 0) moving++
      if (leader !== replicas[0]) imbalanced++
    }
  }
  text.gauge('braidlog_cluster_offline_partitions', 'Partitions without a leader (OfflinePartitionsCount)', offline)
  text.gauge('braidlog_cluster_under_replicated_partitions', 'Partitions with a replica out of sync', underReplicated)
  text.gauge('braidlog_cluster_moving_partitions', 'Partitions that are being reassigned', moving)
  const preferred = 'Partitions not led by their preferred replica (PreferredReplicaImbalanceCount)'
  text.gauge('braidlog_cluster_imbalanced_partitions', preferred, imbalanced)
}

function writePartitions(
  text: PrometheusText,
  partitions: PartitionSet,
  metrics: BrokerMetrics,
  { values }: ServerConfig,
): void {
  let [count, leaders, underReplicated, underMinIsr, offline, damaged, lagMax] = [0, 0, 0, 0, 0, 0, 0]
  const sizes = new Map<string, number>()
  let sizeBytes = 0
  for (const partition of partitions.all()) {
    count++
    if (partition.offline) offline++
    if (partition.isDamaged || partition.log.isIncomplete) damaged++
    const { log, replicas } = partition
    sizeBytes += log.sizeBytes
    sizes.set(log.topic, (sizes.get(log.topic) ?? 0) + log.sizeBytes)
    if (!partition.leads) continue
    leaders++
    if (replicas === undefined) continue
    if (replicas.isr.length < replicas.replicas.length) underReplicated++
    if (replicas.isUnderMinIsr(log.config.minInsyncReplicas)) underMinIsr++
    for (const replica of replicas.replicas) {
      const end = replicas.logEndOffsetOf(replica)
      if (end >= 0) lagMax = Math.max(lagMax, log.logEndOffset - end)
    }
  }
  text.gauge('braidlog_partitions', 'Replicas on this broker (PartitionCount)', count)
  text.gauge('braidlog_partitions_led', 'Of them led by it (LeaderCount)', leaders)
  text.gauge('braidlog_partitions_offline', 'Of them on a directory that has failed', offline)
  text.gauge('braidlog_partitions_damaged', 'Of them damaged on disk, or being made whole again', damaged)
  const lacking = 'Partitions led by this broker with a replica out of sync (UnderReplicatedPartitions)'
  text.gauge('braidlog_partitions_under_replicated', lacking, underReplicated)
  const refusing = 'Partitions led by this broker that refuse acks=all (UnderMinIsrPartitionCount)'
  text.gauge('braidlog_partitions_under_min_isr', refusing, underMinIsr)
  const lag = 'The most records that a follower lacks of a partition led by this broker'
  text.gauge('braidlog_follower_lag_records_max', lag, lagMax)
  text.counter(
    'braidlog_isr_shrinks_total',
    'In-sync replicas taken out, as asked for by leaders here',
    metrics.isrShrinks,
  )
  text.counter(
    'braidlog_isr_expands_total',
    'In-sync replicas taken in, as asked for by leaders here',
    metrics.isrExpands,
  )
  text.counter('braidlog_produced_bytes_total', 'Bytes of batches from producers', metrics.bytesProduced)
  text.counter('braidlog_fetched_bytes_total', 'Bytes of batches sent to consumers', metrics.bytesFetched)
  text.gauge('braidlog_fetch_sessions', 'Fetch sessions kept', metrics.fetchSessions)
  const sessionsMax = values['max.incremental.fetch.session.cache.slots']
  text.gauge('braidlog_fetch_sessions_max', 'Bound of braidlog_fetch_sessions', sessionsMax)
  text.counter('braidlog_fetch_sessions_evicted_total', 'Fetch sessions that made room', metrics.fetchSessionsEvicted)
  text.histogram('braidlog_fdatasync_seconds', 'How long group commits took to bring batches to the disk', [
    [{}, metrics.flushes],
  ])
  text.gauge('braidlog_log_size_bytes', 'Size of all logs', sizeBytes)
  const largest = [...sizes].toSorted(([, a], [, b]) => b - a).slice(0, TOPIC_SAMPLES_MAX)
  text.gauge(
    'braidlog_topic_log_size_bytes',
    `Size of the logs of a topic on this broker; of the ${TOPIC_SAMPLES_MAX} largest`,
    largest.map(([topic, bytes]) => [{ topic }, bytes]),
  )
}
