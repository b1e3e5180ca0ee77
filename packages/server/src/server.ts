/**
 * One Braidlog node in this process: controller and broker on one data directory.
 */
import type { Dial, Listen, Turns } from '@braidlog/runtime'
import type { Clock, Logger, Random, Storage, Timers } from '@braidlog/base'
import type { BrokerMetrics, LoadSchemaFormats } from '@braidlog/broker'
import type { LogResourceLimits } from '@braidlog/log'
import type { ImageView } from '@braidlog/metadata'
import type { PartitionSet } from '@braidlog/partition'

export interface ServerOptions {
  /** Text of a `server.properties` file. */
  readonly properties?: string
  /** Environment variables; `KAFKA_*` override the file, by the rules of the apache/kafka image. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Keys of `server.properties` that override everything else. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Format the data directory when it is empty, with this cluster id or a random one. */
  readonly format?: boolean | { readonly clusterId?: string }
  /** Default: the file system. With another storage, no lock file is taken. */
  readonly storage?: Storage
  readonly clock?: Clock
  readonly timers?: Timers
  readonly random?: Random
  /** What is done once per turn. Default: turns of the event loop. */
  readonly turns?: Turns
  /** Default: real sockets. */
  readonly network?: { readonly listen: Listen; readonly dial: Dial }
  /** What logs may hold of memory and files, and from which size on they write in the background. */
  readonly logLimits?: Partial<LogResourceLimits>
  /** For simulations: called while the node starts, before it acts on what it knows, with what it knows from then on. */
  readonly onImage?: (image: () => ImageView) => void
  /** Default: silent. */
  readonly logger?: Logger
  /**
   * The formats of schemas, for topics that have the payload of their records checked, or their subject by the record's
   * name: `@braidlog/schema-registry/payload` has them. Without them those topics take no records.
   */
  readonly schemaFormats?: LoadSchemaFormats | undefined
}

export interface ServerListener {
  /** Name of the listener, such as `PLAINTEXT`. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly advertisedHost: string
  readonly advertisedPort: number
}

/** What a node is made of, to look at and not to touch: simulations hold it against what must always be true. */
export interface NodeParts {
  readonly image: ImageView
  /** Of the broker role. */
  readonly partitions: PartitionSet | undefined
  /** It is the controller that decides, as far as it knows. */
  readonly isActiveController: boolean
}

export interface CloseOptions {
  /** After this long, what is left is abandoned; the next start recovers. Default 30 s. */
  readonly timeoutMs?: number
}

export interface Server extends AsyncDisposable {
  readonly nodeId: number
  readonly clusterId: string
  readonly directory: string
  /** Listeners for clients, in the order of `listeners`. */
  readonly listeners: readonly ServerListener[]
  /** Listeners for controllers and brokers; empty without the controller role and on a node that is alone. */
  readonly controllerListeners: readonly ServerListener[]
  /** `host:port` of every client listener, advertised form, joined by commas. */
  readonly bootstrapServers: string
  /** What was odd about the configuration: unknown keys with the nearest name, keys without effect. */
  readonly warnings: readonly string[]
  /** Effective configuration by Kafka's key. */
  readonly config: ReadonlyMap<string, string>
  readonly metrics: BrokerMetrics
  /** Where Prometheus may scrape (`braidlog.metrics.listener`); `undefined`: nowhere. */
  readonly metricsUrl: string | undefined
  /** Everything that the node counts, as text for Prometheus, whether it is served or not. */
  metricsText(): string
  /** For tests. */
  readonly parts: NodeParts
  /** Resolves when the server has stopped, with the failure that stopped it (a broken disk) or `undefined`. */
  readonly stopped: Promise<Error | undefined>
  /** Clean shutdown: stops listening, flushes, writes checkpoints, snapshots and the clean-shutdown marker. */
  close(options?: CloseOptions): Promise<void>
  /** Drops everything as a crash would: nothing is flushed, no marker is written. For tests. */
  kill(): Promise<void>
}
