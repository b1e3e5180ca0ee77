/** What a node tells Prometheus, read by a parser of the text format that knows nothing of who wrote it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DurationHistogram } from '@braidlog/base'
import { resolveConfig } from '../src/config.ts'
import { PrometheusText } from '../src/metrics/prometheus-text.ts'
import { eventually, TestCluster } from './cluster.ts'
import { batchOf, createTopic, fetch as fetchRecords, produce, startNode } from './node.ts'

interface Scraped {
  /** By name and labels in alphabetical order: `requests_total{api="Fetch"}`. */
  readonly values: ReadonlyMap<string, number>
  readonly types: ReadonlyMap<string, string>
}

/** @throws when a line does not follow the format, a family is split, or a sample is there twice */
function parse(text: string): Scraped {
  assert(text.endsWith('\n'), 'the last line is ended')
  const values = new Map<string, number>()
  const types = new Map<string, string>()
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment !== null) {
      if (comment[1] === 'HELP') {
        family = comment[2]!
        assert(!types.has(family), `family ${family} is there twice`)
      } else {
        assert.equal(comment[2], family)
        assert.match(comment[3]!, /^(counter|gauge|histogram)$/)
        types.set(family, comment[3]!)
      }
      continue
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?[0-9.e+-]+)$/.exec(line)
    assert(sample !== null, `no sample: ${line}`)
    const [, name, labels = '', value] = sample
    assert(name === family || name!.startsWith(`${family}_`), `${name} stands among samples of ${family}`)
    const pairs = [...labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g)]
    assert.equal(pairs.map(([pair]) => pair).join(''), labels, `labels of ${line}`)
    const key =
      pairs.length === 0
        ? name!
        : `${name}{${pairs
            .map(([, label, text]) => `${label}="${text}"`)
            .toSorted()
            .join(',')}}`
    assert(!values.has(key), `${key} is there twice`)
    values.set(key, value === '+Inf' ? Infinity : Number(value))
  }
  return { values, types }
}

describe('metrics', () => {
  it('are served by HTTP, and count what clients did', { timeout: 60_000 }, async () => {
    await using node = await startNode({ 'braidlog.metrics.listener': '127.0.0.1:0' })
    await createTopic(node.client, 'a"b'.replace('"', '-'), { partitions: 2 })
    await createTopic(node.client, 'orders', { partitions: 3 })
    await produce(node.client, 'orders', batchOf(['one', 'two']))
    await fetchRecords(node.client, 'orders')
    const response = await fetch(node.server.metricsUrl!)
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    const { values, types } = parse(await response.text())
    assert.equal(types.get('braidlog_requests_total'), 'counter')
    assert.equal(values.get('braidlog_requests_total{api="Produce",listener="broker"}'), 1)
    assert.equal(values.get('braidlog_requests_total{api="CreateTopics",listener="broker"}'), 2)
    const duration = 'braidlog_request_duration_seconds'
    assert.equal(values.get(`${duration}_count{api="Produce",listener="broker"}`), 1)
    assert.equal(values.get(`${duration}_bucket{api="Produce",le="+Inf",listener="broker"}`), 1)
    assert(values.get(`${duration}_sum{api="Produce",listener="broker"}`)! >= 0)
    assert.equal(values.get('braidlog_partitions'), 5)
    assert.equal(values.get('braidlog_partitions_led'), 5)
    assert.equal(values.get('braidlog_partitions_under_replicated'), 0)
    assert.equal(values.get('braidlog_cluster_offline_partitions'), 0)
    assert.equal(values.get('braidlog_controller_active'), 1)
    assert.equal(values.get('braidlog_quorum_role{role="leader"}'), 1)
    assert.equal(values.get('braidlog_quorum_leader'), 1)
    assert(values.get('braidlog_produced_bytes_total')! > 0)
    assert.equal(values.get('braidlog_topic_log_size_bytes{topic="orders"}'), values.get('braidlog_log_size_bytes'))
    assert(values.get('braidlog_fdatasync_seconds_count')! > 0)
    assert.equal(values.get('braidlog_timer_lateness_limit_seconds{timer="heartbeat"}'), 7)
    assert.deepEqual(parse(node.server.metricsText()).types, types)
  })

  it('are nowhere to be had unless a listener is named, and nothing but metrics is', { timeout: 60_000 }, async () => {
    await using silent = await startNode()
    assert.equal(silent.server.metricsUrl, undefined)
    await using node = await startNode({ 'braidlog.metrics.listener': '127.0.0.1:0' })
    const url = node.server.metricsUrl!
    assert.equal((await fetch(new URL('/', url))).status, 404)
    assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 405)
    assert.equal(await (await fetch(url, { method: 'HEAD' })).text(), '')
  })

  it('end with the node', { timeout: 60_000 }, async () => {
    const node = await startNode({ 'braidlog.metrics.listener': '127.0.0.1:0' })
    const url = node.server.metricsUrl!
    assert.equal((await fetch(url)).status, 200)
    node.client.close()
    await node.server.close()
    await assert.rejects(fetch(url))
  })

  it('name what is under-replicated at its leader, and the cluster as a whole at the active controller', async () => {
    await using cluster = await TestCluster.start(3)
    await createTopic(await cluster.client(1), 'orders', {
      assignment: [[1, 2, 3]],
      configs: { 'min.insync.replicas': '3' },
    })
    const at = (index: number): Scraped => parse(cluster.nodes[index]!.server.metricsText())
    await cluster.nodes[2]!.server.kill()
    await eventually(
      async () => at(0).values.get('braidlog_partitions_under_replicated'),
      (count) => count === 1,
    )
    const { values } = at(0)
    assert.equal(values.get('braidlog_partitions_under_min_isr'), 1)
    assert.equal(values.get('braidlog_cluster_under_replicated_partitions'), 1)
    assert.equal(values.get('braidlog_cluster_brokers{state="fenced"}'), 1)
    const second = at(1).values
    assert.equal(second.get('braidlog_partitions_under_replicated'), 0)
    assert.equal(second.has('braidlog_cluster_under_replicated_partitions'), false)
    assert(second.get('braidlog_requests_total{api="Fetch",listener="broker"}') === undefined)
    assert(values.get('braidlog_request_duration_seconds_count{api="Fetch",listener="broker"}')! > 0)
  })

  it('escape what names may hold, and put durations into the bucket that surely has them', () => {
    const text = new PrometheusText()
    const histogram = new DurationHistogram()
    for (const durationMs of [0.1, 3, 3, 700, 60_000]) histogram.record(durationMs)
    text.gauge('odd', 'Odd labels', [[{ name: 'a"b\\c\nd' }, Infinity]])
    text.histogram('took_seconds', 'Durations', [[{}, histogram]])
    const { values } = parse(text.toString())
    assert.equal(values.get('odd{name="a\\"b\\\\c\\nd"}'), Infinity)
    const bucket = (le: string): number | undefined => values.get(`took_seconds_bucket{le="${le}"}`)
    assert.deepEqual(['0.0005', '0.0025', '0.005', '0.5', '1', '10', '+Inf'].map(bucket), [1, 1, 3, 3, 4, 4, 5])
  })

  it('are not open by accident', () => {
    const config = (value: string) => resolveConfig({ config: { 'braidlog.metrics.listener': value } }).metricsListener
    assert.deepEqual(config('[::1]:9404'), { host: '::1', port: 9404 })
    assert.equal(config(''), undefined)
    assert.throws(() => config('0.0.0.0:9404'), /braidlog\.allow\.open\.listeners/)
    assert.throws(() => config('9404'), /must be host:port/)
    assert.throws(() => config('localhost:99999'), /must be host:port/)
  })
})
