#!/usr/bin/env node
/**
 * What the shell runs. Plain JavaScript on purpose: the compile cache also keeps TypeScript with its types stripped, but
 * only of modules that are loaded after it was enabled. If the first file were TypeScript, Node would load its stripper
 * for that file alone, which costs 40 ms of CPU on every start.
 */
import * as module from 'node:module'

if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(
    `error: braidlog needs Node 22 or newer, this is ${process.versions.node}\n` +
      'hint: `npx braidlog` takes the Node that `npm ci` has installed beside it\n',
  )
  process.exit(2)
}
module.enableCompileCache()
await import('../src/main.ts')
