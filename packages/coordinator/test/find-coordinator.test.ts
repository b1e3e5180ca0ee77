/** FindCoordinator in all its versions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { FindCoordinatorResponse, type FindCoordinatorRequest } from '@braidlog/protocol'
import { CoordinatorType, findCoordinator, type CoordinatorLocation } from '@braidlog/coordinator'

const locate = (_type: CoordinatorType, key: string): CoordinatorLocation =>
  key === 'lost'
    ? { ok: false, error: ErrorCode.COORDINATOR_NOT_AVAILABLE, message: 'soon' }
    : { ok: true, nodeId: 1, host: 'h', port: 9092 }

const request = (fields: Partial<FindCoordinatorRequest>): FindCoordinatorRequest => ({
  key: '',
  keyType: CoordinatorType.GROUP,
  coordinatorKeys: [],
  ...fields,
})

test('up to version 3 one key is asked for', () => {
  for (let version = 0; version < 4; version++) {
    const found = findCoordinator(request({ key: 'g' }), version, locate)
    FindCoordinatorResponse.encode(found, version)
    assert.deepEqual([found.errorCode, found.nodeId, found.host, found.port], [ErrorCode.NONE, 1, 'h', 9092])
    const lost = findCoordinator(request({ key: 'lost' }), version, locate)
    assert.deepEqual(
      [lost.errorCode, lost.nodeId, lost.errorMessage],
      [ErrorCode.COORDINATOR_NOT_AVAILABLE, -1, 'soon'],
    )
  }
})

test('since version 4 several keys are, each with its own error', () => {
  for (let version = 4; version <= FindCoordinatorResponse.versionMax; version++) {
    const found = findCoordinator(request({ coordinatorKeys: ['g', 'lost'] }), version, locate)
    FindCoordinatorResponse.encode(found, version)
    assert.deepEqual(
      found.coordinators.map(({ key, nodeId, errorCode }) => `${key} ${nodeId} ${errorCode}`),
      ['g 1 0', `lost -1 ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`],
    )
  }
})

test('unknown kinds of coordinators are invalid, share coordinators before version 6 too', () => {
  const errorOf = (keyType: number, version: number): number =>
    findCoordinator(request({ keyType, coordinatorKeys: ['k'] }), version, locate).coordinators[0]!.errorCode
  assert.equal(errorOf(3, 6), ErrorCode.INVALID_REQUEST)
  assert.equal(errorOf(CoordinatorType.SHARE, 5), ErrorCode.INVALID_REQUEST)
  assert.equal(errorOf(CoordinatorType.SHARE, 6), ErrorCode.NONE)
})
