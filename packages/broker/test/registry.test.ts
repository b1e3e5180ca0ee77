/** What is served, looked at as a list. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { BrokerContext } from '../src/context.ts'
import { handlersOf } from '../src/registry.ts'

it('every API but ApiVersions asks what the client may do', () => {
  const open = handlersOf({} as BrokerContext).filter((handler) => !handler.authorized)
  assert.deepEqual(
    open.map((handler) => handler.name),
    ['ApiVersions'],
  )
})
