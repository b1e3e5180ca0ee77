/**
 * What the nodes of the metadata quorum ask of each other: Fetch (1) of the metadata log, Vote (52), BeginQuorumEpoch (53),
 * EndQuorumEpoch (54), FetchSnapshot (59) and UpdateRaftVoter (82). Served on listeners for controllers only.
 * Source: KIP-595, KIP-630, KIP-853.
 */
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  FetchRequest,
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  UpdateRaftVoterRequest,
  UpdateRaftVoterResponse,
  VoteRequest,
  VoteResponse,
} from '@braidlog/protocol'
import type { RaftNode } from '@braidlog/raft'
import { clusterGuard } from '../access.ts'
import { api, type ApiHandler } from '../handler.ts'

const FORBIDDEN = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }

export function quorumHandlers(raft: () => Pick<RaftNode, 'handleRequest'>): ApiHandler[] {
  const { CLUSTER_ACTION } = AclOperation
  return [
    api(FetchRequest, FetchResponse, (request, { apiVersion }) => raft().handleRequest('Fetch', request, apiVersion), {
      guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN),
    }),
    api(VoteRequest, VoteResponse, (request, { apiVersion }) => raft().handleRequest('Vote', request, apiVersion), {
      guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN),
    }),
    api(
      BeginQuorumEpochRequest,
      BeginQuorumEpochResponse,
      (request, { apiVersion }) => raft().handleRequest('BeginQuorumEpoch', request, apiVersion),
      { guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      EndQuorumEpochRequest,
      EndQuorumEpochResponse,
      (request, { apiVersion }) => raft().handleRequest('EndQuorumEpoch', request, apiVersion),
      { guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      FetchSnapshotRequest,
      FetchSnapshotResponse,
      (request, { apiVersion }) => raft().handleRequest('FetchSnapshot', request, apiVersion),
      { guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      UpdateRaftVoterRequest,
      UpdateRaftVoterResponse,
      (request, { apiVersion }) => raft().handleRequest('UpdateRaftVoter', request, apiVersion),
      { guard: clusterGuard(CLUSTER_ACTION, () => FORBIDDEN) },
    ),
  ]
}
