/**
 * What a broker needs of the controllers, whether the active one is in this process or not.
 *
 * A node that has the controller role is its own link; other brokers follow the metadata log from afar and forward.
 */
import type { ControllerRequestName, RequestOf, ResponseOf, SubmitOptions } from '@braidlog/controller'
import type { ImageView, MetadataListener } from '@braidlog/metadata'
import type { DescribeConfigsRequest, DescribeConfigsResponse } from '@braidlog/protocol'
import type { RequestContext } from './handler.ts'

export interface LinkOptions extends SubmitOptions {
  /** On whose behalf; without it the broker asks for itself. */
  readonly from?: Pick<RequestContext, 'access' | 'apiVersion' | 'clientHost' | 'clientId'>
  /** Bound of the whole, waiting for an active controller included. Default 30 s. */
  readonly timeoutMs?: number
  /** One attempt, given up when another controller becomes active: the caller repeats by rules of its own. */
  readonly once?: boolean
}

export interface ClusterLink {
  /** The committed picture as this node knows it. Always this object; it moves. */
  readonly image: ImageView
  /** @returns a function that ends the subscription. The listener is called at once with the image as it is. */
  subscribe(listener: MetadataListener): () => void
  /**
   * Has the active controller decide; the answer comes when what it decided is committed.
   * @throws ControllerError
   */
  submit<N extends ControllerRequestName>(name: N, request: RequestOf<N>, options?: LinkOptions): Promise<ResponseOf<N>>
  /** Resolves when the image shows something, or after a second. */
  untilSeen(isSeen: () => boolean): Promise<void>
  /** Finalized levels as ApiVersions shows them, kraft.version included, and the offset that they are of. */
  finalizedFeatures(): { readonly levels: ReadonlyMap<string, number>; readonly epoch: number }
  /** DescribeConfigs of topics, groups, client metrics and this node. */
  describeConfigs(request: DescribeConfigsRequest): DescribeConfigsResponse
}
