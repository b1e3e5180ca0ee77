/** Every bound of the connection layer, by name, with what happens at it. */

export interface ConnectionLimits {
  /** `socket.request.max.bytes`: a larger frame closes the connection. */
  readonly requestSizeMaxBytes: number
  /** `queued.max.request.bytes`: above it connections with an unfinished request are not read, one excepted. */
  readonly requestMemoryMaxBytes: number
  /** Requests of one connection that may wait for their response; above it no further request is taken up. */
  readonly pendingRequestsMax: number
  /** Response bytes that the kernel has not taken; above it no further request of the connection is taken up. */
  readonly unsentBytesMax: number
  /** Bytes read ahead while no request may be taken up; above it the connection is not read. */
  readonly readAheadMaxBytes: number
  /** `connections.max.idle.ms`: a connection without traffic for this long is closed. */
  readonly idleMaxMs: number
  /** How long an unfinished request may stand still while others wait for the memory it holds. */
  readonly requestStallMaxMs: number
  /** `max.connections` */
  readonly connectionsMax: number
  /** `max.connections.per.ip` */
  readonly connectionsPerAddressMax: number
}

export const defaultConnectionLimits: ConnectionLimits = {
  requestSizeMaxBytes: 100 << 20,
  requestMemoryMaxBytes: 512 << 20,
  pendingRequestsMax: 128,
  unsentBytesMax: 4 << 20,
  readAheadMaxBytes: 64 << 10,
  idleMaxMs: 600_000,
  requestStallMaxMs: 30_000,
  connectionsMax: 2 ** 31 - 1,
  connectionsPerAddressMax: 2 ** 31 - 1,
}
