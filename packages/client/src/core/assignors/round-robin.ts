/** Round robin assignment. */
import type { Assignor } from './assignor.ts'

export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  rebalanceProtocol: 'eager',
  assign() {
    throw new Error('being written')
  },
  userData() {
    return null
  },
}
