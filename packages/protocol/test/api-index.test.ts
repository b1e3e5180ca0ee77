/** The index of APIs, against the declarations that it leads to. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apiIndex, APIS, type ApiEntry, type Message } from '@braidlog/protocol'

const index = apiIndex as Readonly<Record<string, ApiEntry>>

it('the index has every API and no other, as it is declared', () => {
  assert.deepEqual(
    Object.entries(index).map(([name, { key, versionMin, versionMaxStable }]) => [
      key,
      name,
      versionMin,
      versionMaxStable,
    ]),
    APIS.map(({ key, name, versionMin, versionMaxStable }) => [key, name, versionMin, versionMaxStable]),
  )
})

it('every entry loads the request and the response of its name', async () => {
  for (const { name, request, response } of APIS) {
    const module = (await index[name]!.load()) as Readonly<Record<string, Message>>
    assert.equal(module[`${name}Request`], request)
    assert.equal(module[`${name}Response`], response)
  }
})
