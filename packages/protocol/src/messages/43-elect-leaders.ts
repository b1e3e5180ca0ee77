/** ElectLeaders (API key 43): elects leaders on request. */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The partitions, or null for all. Version 1 tells preferred elections (0) from unclean ones (1) (KIP-460). Forwarded
 * to the controller.
 */
export const ElectLeadersRequest = message({
  kind: 'request',
  name: 'ElectLeadersRequest',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    electionType: int8({ versions: '1+' }),
    topicPartitions: structs(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32({ default: 60000 }),
  },
})
export interface ElectLeadersRequest extends Infer<typeof ElectLeadersRequest> {}

/** A result for each partition whose leader changed or could not change. */
export const ElectLeadersResponse = message({
  kind: 'response',
  name: 'ElectLeadersResponse',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'PREFERRED_LEADER_NOT_AVAILABLE',
    'ELIGIBLE_LEADERS_NOT_AVAILABLE',
    'ELECTION_NOT_NEEDED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16({ versions: '1+' }),
    replicaElectionResults: structs({
      topic: string(),
      partitionResult: structs({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface ElectLeadersResponse extends Infer<typeof ElectLeadersResponse> {}
