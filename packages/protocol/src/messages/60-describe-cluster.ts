/** DescribeCluster (API key 60): tells the nodes of the cluster. */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Version 1 chooses between brokers and controllers (KIP-919), version 2 can include fenced brokers (KIP-1073). */
export const DescribeClusterRequest = message({
  kind: 'request',
  name: 'DescribeClusterRequest',
  key: 60,
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ versions: '1+', default: 1 }),
    includeFencedBrokers: bool({ versions: '2+' }),
  },
})
export interface DescribeClusterRequest extends Infer<typeof DescribeClusterRequest> {}

/** Cluster id, controller and nodes; version 2 marks fenced brokers. */
export const DescribeClusterResponse = message({
  kind: 'response',
  name: 'DescribeClusterResponse',
  key: 60,
  versions: '0-2',
  flexible: '0+',
  errors: ['CLUSTER_AUTHORIZATION_FAILED', 'MISMATCHED_ENDPOINT_TYPE', 'UNSUPPORTED_ENDPOINT_TYPE'],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: structs({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
      isFenced: bool({ versions: '2+' }),
    }),
    clusterAuthorizedOperations: int32({ default: -2_147_483_648 }),
  },
})
export interface DescribeClusterResponse extends Infer<typeof DescribeClusterResponse> {}
