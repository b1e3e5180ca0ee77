/** The client object: one picture of the cluster, one set of connections, shared by everything made from it. */
import type { Admin } from './admin/admin.ts'
import type { Consumer, Reader } from './consumer.ts'
import { KafkaError } from './errors.ts'
import type { ConsumerOptions, KafkaOptions, ProducerOptions, ReaderOptions } from './options.ts'
import type { Producer } from './producer.ts'
import type { CallOptions } from './record.ts'

export class Kafka implements AsyncDisposable {
  readonly options: KafkaOptions

  constructor(options: KafkaOptions) {
    this.options = options
  }

  producer<K = Uint8Array | string, V = Uint8Array | string>(_options: ProducerOptions<K, V> = {}): Producer<K, V> {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  consumer<K = Buffer, V = Buffer>(_options: ConsumerOptions<K, V>): Consumer<K, V> {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  reader<K = Buffer, V = Buffer>(_options: ReaderOptions<K, V>): Reader<K, V> {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  admin(): Admin {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  /** Connects to a broker and reads the metadata: for programs that want to fail at start. */
  connect(_options?: CallOptions): Promise<void> {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  /** Closes every producer, consumer and connection, within the bound (default 10 s). */
  close(_options?: CallOptions): Promise<void> {
    throw new KafkaError('UNSUPPORTED_API', 'not written yet')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
