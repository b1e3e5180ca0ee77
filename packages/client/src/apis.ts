/** The types of every request and response by the API's name, taken from the declarations in `protocol`. */
import type * as protocol from '@braidlog/protocol'
import type { Infer, Input } from '@braidlog/protocol'

type Protocol = typeof protocol

/** Names as Apache Kafka has them: `Produce`, `Fetch`, `DescribeCluster`, … */
export type ApiName = keyof typeof protocol.apiIndex

/** What a request of that API takes; what is left out has its default. */
export type RequestOf<N extends ApiName> = `${N}Request` extends keyof Protocol
  ? Input<Infer<Protocol[`${N}Request`]>>
  : never

/** The decoded response. */
export type ResponseOf<N extends ApiName> = `${N}Response` extends keyof Protocol
  ? Infer<Protocol[`${N}Response`]>
  : never
