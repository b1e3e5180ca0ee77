/** Slabs: sizes, reuse, the bound of the pool, holders. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SLAB_SIZE_BYTES, SlabPool } from '@braidlog/runtime'

it('a released slab is handed out again, and used bytes are counted', () => {
  const pool = new SlabPool()
  const slab = pool.take(100_000)
  assert.equal(slab.sizeBytes, 128 << 10)
  assert.equal(pool.usedBytes(), 128 << 10)
  slab.release()
  assert.equal(pool.usedBytes(), 0)
  assert.equal(pool.take(20_000), slab)
})

it('a slab with two holders stays out of the pool until the second lets go', () => {
  const pool = new SlabPool()
  const slab = pool.take(1)
  slab.retain()
  slab.release()
  assert.notEqual(pool.take(1), slab)
  slab.release()
  assert.equal(pool.take(1), slab)
})

it('a request above 1 MiB gets exactly what it asked for and is not kept', () => {
  const pool = new SlabPool()
  const large = pool.take(SLAB_SIZE_BYTES + 1)
  assert.equal(large.sizeBytes, SLAB_SIZE_BYTES + 1)
  large.release()
  assert.notEqual(pool.take(SLAB_SIZE_BYTES + 1), large)
})

it('the pool keeps no more than its bound', () => {
  const pool = new SlabPool(SLAB_SIZE_BYTES)
  const [a, b] = [pool.take(SLAB_SIZE_BYTES), pool.take(SLAB_SIZE_BYTES)]
  a.release()
  b.release()
  assert.equal(pool.take(SLAB_SIZE_BYTES), a)
  assert.notEqual(pool.take(SLAB_SIZE_BYTES), b)
})

it('releasing once too often is an assertion failure, not a corrupted connection', () => {
  const pool = new SlabPool()
  const slab = pool.take(1)
  slab.release()
  assert.throws(() => slab.release(), /once too often/)
  assert.throws(() => slab.retain(), /must not be retained/)
})
