/**
 * The controller as the rest of a node sees it: the quorum's log, the machine on top of it and the committed image,
 * opened on one directory.
 *
 *     const controller = await openController({ storage, directory, … })
 *     controller.subscribe(listener)                        // called at once with the whole image
 *     await controller.submit('createTopics', request)      // durable and visible in `controller.image` when it resolves
 *     await controller.close()
 */
import type { Clock, Logger, Random, Storage, Timers } from '@braidlog/base'
import type { ImageView, MetadataListener, VoterEndpoint } from '@braidlog/metadata'
import type { Codecs } from '@braidlog/records'
import type { ControllerRequestName, RequestOf, ResponseOf } from './requests.ts'

export interface ControllerOptions {
  readonly storage: Storage
  /** The formatted log directory; the quorum's log is `<directory>/__cluster_metadata-0`. */
  readonly directory: string
  readonly codecs: Codecs
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  readonly nodeId: number
  readonly clusterId: string
  /** Where the controller listens; also what the single voter is registered with. */
  readonly controllerEndpoints: readonly VoterEndpoint[]
  /** Effective static configuration by Kafka's key (`num.partitions`, `default.replication.factor`, …). */
  readonly configs: ReadonlyMap<string, string>
}

export interface ControllerNode {
  /** The committed picture. Always this object; it moves. */
  readonly image: ImageView
  readonly leaderEpoch: number
  /** First offset that is not yet committed. */
  readonly highWatermark: number
  /** @returns a function that ends the subscription. The listener is called at once with the image as it is. */
  subscribe(listener: MetadataListener): () => void
  /**
   * Decides, appends, waits until committed and applied, answers. Requests are served in order of arrival.
   * @throws ControllerError `closed`, `queue-full`, `aborted`, `storage`
   */
  submit<N extends ControllerRequestName>(
    name: N,
    request: RequestOf<N>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ResponseOf<N>>
  close(): Promise<void>
}

export type OpenController = (options: ControllerOptions) => Promise<ControllerNode>
