/** Values with schemas: ours of each format. `packages/schema-registry/bench/serdes.ts` has other libraries beside it. */
import { formats } from '../../packages/schema-registry/bench/serdes/contenders.ts'
import { startStubRegistry } from '../../packages/schema-registry/bench/serdes/stub-registry.ts'
import type { MicroBench } from './micro.ts'

export const serdesBenches: readonly MicroBench[] = (['Avro', 'JSON Schema', 'Protobuf'] as const).map((wanted) => ({
  title: `schema-registry: an order as ${wanted}`,
  async open() {
    const registry = await startStubRegistry()
    const ours = (await formats(registry.url)).find(({ name }) => name === wanted)!.contenders[0]!
    return {
      variants: { write: () => ours.encode(), read: () => ours.decode() },
      close: () => Promise.resolve(registry.close()),
    }
  },
}))
