/** Cooperative sticky assignment. */
import type { Assignor } from './assignor.ts'

export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  rebalanceProtocol: 'cooperative',
  assign() {
    throw new Error('being written')
  },
  userData() {
    return null
  },
}
