/** The table of APIs and the versions of headers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiByKey, apiByName, APIS, requestHeaderVersion, responseHeaderVersion } from '../src/index.ts'

test('every API has a request and a response of the same key and versions', () => {
  for (const api of APIS) {
    assert.equal(api.request.key, api.response.key)
    assert.equal(api.request.name, `${api.name}Request`)
    assert.equal(api.response.name, `${api.name}Response`)
    assert.equal(api.request.versions, api.response.versions)
    assert.ok(api.listeners.length > 0)
    assert.equal(apiByKey(api.key), api)
    assert.equal(apiByName(api.name), api)
  }
})

test('every response names the errors that it can carry', () => {
  for (const { response } of APIS) {
    const errors = response.errors ?? []
    assert.ok(errors.length > 0, response.name)
    assert.equal(new Set(errors).size, errors.length, response.name)
  }
})

test('the APIs of Apache Kafka 4.3 are all there: 0 to 92 without the four that were removed', () => {
  const expected = Array.from({ length: 93 }, (_, key) => key).filter((key) => key < 4 || key > 7)
  assert.deepEqual(
    APIS.map((api) => api.key),
    expected,
  )
  for (const key of [-1, 4, 7, 93, 32767]) assert.equal(apiByKey(key), undefined)
})

test('header versions follow from the flexible versions; ApiVersions answers with version 0', () => {
  assert.equal(requestHeaderVersion(3, 8), 1)
  assert.equal(requestHeaderVersion(3, 9), 2)
  assert.equal(responseHeaderVersion(3, 8), 0)
  assert.equal(responseHeaderVersion(3, 9), 1)
  assert.equal(requestHeaderVersion(18, 3), 2)
  assert.equal(responseHeaderVersion(18, 3), 0)
  assert.equal(requestHeaderVersion(17, 1), 1)
})

test('only unstable versions are left out of what is advertised', () => {
  assert.deepEqual(
    APIS.filter((api) => api.versionMaxStable !== api.versionMax).map((api) => [api.name, api.versionMaxStable]),
    [['InitProducerId', 5]],
  )
})
