/** Public face of `runtime`. */
export { nodeCodecs } from './codecs.ts'
export { dial, type Dial, type DialedSocket, type DialEvents } from './dial.ts'
export { ListenError, listenError, osErrorCode, storageError } from './errors.ts'
export {
  listen,
  type AcceptedSocket,
  type Listen,
  type ListenOptions,
  type NetServer,
  type ReadMode,
  type SocketReceiver,
} from './net-server.ts'
export { makeDirectories, NodeStorage } from './node-storage.ts'
export { Slab, SLAB_SIZE_BYTES, SlabPool } from './slab.ts'
export { systemTurns, Turns } from './turn.ts'
export { awaitedTimers, systemClock, systemRandom, systemTimers } from './system.ts'
