/** Who wants to know about metadata. */
import type { MetadataDelta } from './delta.ts'
import type { ImageView } from './image.ts'

export interface MetadataListener {
  /**
   * Called once per committed group of records, in order, after the image has moved; never for half a metadata
   * transaction. A listener must not throw: an exception stops the node.
   */
  onImage(image: ImageView, delta: MetadataDelta): void
}
