/**
 * The layer table: which package may import which. `tidy.test.ts` fails on any other arrow. A new arrow is a decision:
 * change this table in a commit of its own and say why.
 */

/** Allowed imports between workspaces, transitively closed on purpose: what is not listed is not allowed. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  // 0 ground
  '@braidlog/base': [],
  '@braidlog/model': ['@braidlog/base'],
  // 1 bytes
  '@braidlog/protocol': ['@braidlog/base', '@braidlog/model'],
  '@braidlog/records': ['@braidlog/base', '@braidlog/model', '@braidlog/protocol'],
  // 2 storage
  '@braidlog/log': ['@braidlog/base', '@braidlog/model', '@braidlog/protocol', '@braidlog/records'],
  // 3 machines
  '@braidlog/metadata': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
  ],
  '@braidlog/raft': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
    '@braidlog/metadata',
  ],
  '@braidlog/controller': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/metadata',
    '@braidlog/raft',
  ],
  '@braidlog/partition': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
  ],
  '@braidlog/coordinator': ['@braidlog/base', '@braidlog/model', '@braidlog/protocol', '@braidlog/records'],
  // 4 shells
  '@braidlog/runtime': ['@braidlog/base', '@braidlog/records'],
  '@braidlog/broker': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
    '@braidlog/metadata',
    '@braidlog/raft',
    '@braidlog/controller',
    '@braidlog/partition',
    '@braidlog/coordinator',
    '@braidlog/runtime',
  ],
  '@braidlog/client': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/runtime',
  ],
  // 5 platform: what stands here uses the client, as any user would, and never the broker
  '@braidlog/schema-registry': ['@braidlog/base', '@braidlog/model', '@braidlog/runtime', '@braidlog/client'],
  // 6 apps
  '@braidlog/server': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
    '@braidlog/metadata',
    '@braidlog/raft',
    '@braidlog/controller',
    '@braidlog/partition',
    '@braidlog/coordinator',
    '@braidlog/runtime',
    '@braidlog/broker',
  ],
  braidlog: [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/protocol',
    '@braidlog/records',
    '@braidlog/log',
    '@braidlog/metadata',
    '@braidlog/runtime',
    '@braidlog/client',
    '@braidlog/schema-registry',
    '@braidlog/server',
  ],
  // beside
  '@braidlog/simulator': [
    '@braidlog/base',
    '@braidlog/protocol',
    '@braidlog/client',
    '@braidlog/runtime',
    '@braidlog/server',
  ],
  '@braidlog/testkit': [
    '@braidlog/base',
    '@braidlog/model',
    '@braidlog/runtime',
    '@braidlog/broker',
    '@braidlog/client',
    '@braidlog/server',
  ],
}

/** Folders without Node: no `node:*`, no clock, randomness or timers of their own. */
export const nodeFree: readonly string[] = [
  'packages/base/src',
  'packages/model/src',
  'packages/protocol/src',
  'packages/records/src',
  'packages/log/src',
  'packages/metadata/src',
  'packages/raft/src',
  'packages/controller/src',
  'packages/partition/src',
  'packages/coordinator/src',
  'packages/client/src/core',
  'packages/simulator/src/history',
]

/** Folders whose modules are synchronous machines: beyond `nodeFree`, no promises either. */
export const machines: readonly string[] = [
  'packages/client/src/core',
  'packages/schema-registry/src/core',
  'packages/schema-registry/src/formats',
]
