/** Micro-benchmarks of packages, all with one harness. */
import { compare, type CompareOptions } from '../harness.ts'
import { clientBenches } from '../micro/client.ts'
import { logBenches } from '../micro/log.ts'
import type { MicroBench } from '../micro/micro.ts'
import { protocolBenches } from '../micro/protocol.ts'
import { recordsBenches } from '../micro/records.ts'
import { serdesBenches } from '../micro/serdes.ts'
import type { Scenario, ScenarioOptions } from '../samples.ts'

export const microBenches: readonly MicroBench[] = [
  ...protocolBenches,
  ...recordsBenches,
  ...logBenches,
  ...clientBenches,
  ...serdesBenches,
]

/** Runs all of them; the tests do it with one iteration each. */
export async function runMicro(options: CompareOptions, record: ScenarioOptions['record']): Promise<void> {
  for (const bench of microBenches) {
    const { variants, close } = await bench.open()
    try {
      const { sizeBytes, count = 1 } = bench
      for (const { name, nanoseconds } of compare(variants, options)) {
        const rate = sizeBytes === undefined ? {} : { 'GB/s': sizeBytes / nanoseconds }
        record({ case: `${bench.title}: ${name}`, subject: 'braidlog' }, { 'CPU ns': nanoseconds / count, ...rate })
      }
    } finally {
      await close?.()
    }
  }
}

export const micro: Scenario = {
  name: 'micro',
  title: 'Micro-benchmarks',
  about:
    'Single pieces of work in one process: the best of interleaved rounds, CPU time. A change that makes one of them slower shows here before ' +
    'it shows anywhere else.',
  minutes: 0.4,
  async run({ quick, say, record }) {
    await runMicro({ rounds: quick ? 3 : 7 }, (what, metrics) => {
      say(`${what.case}: ${metrics['CPU ns']!.toFixed(1)} ns`)
      record(what, metrics)
    })
  },
}
