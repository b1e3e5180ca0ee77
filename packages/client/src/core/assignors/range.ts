/** Range assignment. */
import type { Assignor } from './assignor.ts'

export const rangeAssignor: Assignor = {
  name: 'range',
  rebalanceProtocol: 'eager',
  assign() {
    throw new Error('being written')
  },
  userData() {
    return null
  },
}
