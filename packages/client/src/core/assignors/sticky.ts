/** Sticky assignment. */
import type { Assignor } from './assignor.ts'

export const stickyAssignor: Assignor = {
  name: 'sticky',
  rebalanceProtocol: 'eager',
  assign() {
    throw new Error('being written')
  },
  userData() {
    return null
  },
}
