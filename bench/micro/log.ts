/** Appends to a log in the page cache, and reads from it. */
import { randomBytes } from '@braidlog/base'
import { defaultLogConfig, LogResources, openLog, type Log } from '@braidlog/log'
import { NodeStorage, nodeCodecs, systemClock, systemRandom } from '@braidlog/runtime'
import { setBatchBaseOffset, viewOf } from '@braidlog/records'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchOf } from '../replay/frames.ts'
import type { MicroBench, OpenBench } from './micro.ts'

async function open(recordCount: number): Promise<OpenBench> {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-micro-'))
  const resources = new LogResources()
  const log = await openLog({
    storage: new NodeStorage(directory),
    clock: systemClock,
    codecs: nodeCodecs,
    resources,
    path: 'micro-0',
    topic: 'micro',
    partition: 0,
    topicId: Buffer.from(randomBytes(systemRandom, 16)).toString('base64url') as never,
    config: { ...defaultLogConfig, segmentBytes: 64 << 20 },
    cleanShutdown: true,
  })
  const batch = batchOf({ recordCount, recordSizeBytes: 1024 })
  const view = viewOf(batch)
  let nextOffset = 0
  const append = (): number => {
    setBatchBaseOffset(view, 0, nextOffset)
    nextOffset = log.append(batch, 0, batch.length).lastOffset + 1
    return nextOffset
  }
  append()
  return {
    variants: { append, 'read at the end': () => readEnd(log, nextOffset - recordCount) },
    async close() {
      await log.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function readEnd(log: Log, offset: number): number {
  const read = log.read({ offset, maxBytes: 1 << 20, minOneBatch: true })
  const { sizeBytes } = read
  read.release()
  return sizeBytes
}

export const logBenches: readonly MicroBench[] = [15, 1000].map((recordCount) => ({
  title: `log: a batch of ${recordCount} KiB`,
  sizeBytes: recordCount * 1024,
  open: () => open(recordCount),
}))
