/** Puts files out of the page cache, so that the next read comes from the disk. */
import { closeSync, fsyncSync, globSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../conformance/peers/process.ts'

/** All segments of a topic below a log directory. Dirty pages cannot be dropped, so they are written first. */
export async function dropFromPageCache(directory: string, topic: string): Promise<void> {
  for (const file of globSync(join(directory, `${topic}-*`, '*.log'))) {
    const descriptor = openSync(file, 'r+')
    fsyncSync(descriptor)
    closeSync(descriptor)
    // Node.js has no posix_fadvise; coreutils' dd does it for the whole file when it copies nothing.
    await run('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}
