/** Counters of a broker: plain numbers that only grow, except where it says so. Readers take differences. */
import { DurationHistogram } from '@braidlog/base'
import { APIS } from '@braidlog/protocol'

export interface ApiMetrics {
  requests: number
  /** Requests that could not be read, or came in a version that is not served. */
  errors: number
  /**
   * From the turn in which a request was taken up to the one in which its answer was sent; waiting for data, for other
   * replicas and for earlier answers included.
   */
  readonly durations: DurationHistogram
}

export interface BrokerMetrics {
  readonly startedAtMs: number
  bytesReceived: number
  bytesSent: number
  /** Bytes of record batches appended by producers. */
  bytesProduced: number
  /** Bytes of record batches sent to consumers. */
  bytesFetched: number
  requests: number
  /** Requests by API name. */
  readonly apis: { readonly [name: string]: ApiMetrics }
  /** The same by API key. */
  readonly apisByKey: readonly ApiMetrics[]
  connectionsAccepted: number
  connectionsClosed: number
  /** Connections turned away or closed by us because of what the client did. */
  connectionsRefused: number
  /** Now open; goes up and down. */
  connectionsOpen: number
  /** Bytes of requests that are being received or worked on; goes up and down. */
  requestBytesInFlight: number
  /** For how long each turn with requests in it kept the event loop from everything else. */
  readonly turns: DurationHistogram
  /** How long each fdatasync of a group commit took, until the event loop heard of its end. */
  readonly flushes: DurationHistogram
  /** Fetch sessions in the cache now, and how many were evicted so far. */
  fetchSessions: number
  fetchSessionsEvicted: number
  /** In-sync replicas that leaders of this node asked the controller to take out, and to take in. */
  isrShrinks: number
  isrExpands: number
}

export function newBrokerMetrics(startedAtMs: number): BrokerMetrics {
  const apis: { [name: string]: ApiMetrics } = {}
  const apisByKey: ApiMetrics[] = []
  for (const api of APIS) apis[api.name] = apisByKey[api.key] = new Counted()
  return {
    startedAtMs,
    bytesReceived: 0,
    bytesSent: 0,
    bytesProduced: 0,
    bytesFetched: 0,
    requests: 0,
    apis,
    apisByKey,
    connectionsAccepted: 0,
    connectionsClosed: 0,
    connectionsRefused: 0,
    connectionsOpen: 0,
    requestBytesInFlight: 0,
    turns: new DurationHistogram(),
    flushes: new DurationHistogram(),
    fetchSessions: 0,
    fetchSessionsEvicted: 0,
    isrShrinks: 0,
    isrExpands: 0,
  }
}

/** There are many APIs, of which a node serves a few: a histogram is made when it is first needed. */
class Counted implements ApiMetrics {
  requests = 0
  errors = 0
  #durations: DurationHistogram | undefined

  get durations(): DurationHistogram {
    return (this.#durations ??= new DurationHistogram())
  }
}
