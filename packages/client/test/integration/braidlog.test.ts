/** The client's suite against our own server, embedded. */
import { startBraidlog } from '@braidlog/testkit'
import { clientSuite, suiteProperties } from './suite.ts'

clientSuite('Braidlog', async () => {
  const braidlog = await startBraidlog({ config: suiteProperties })
  return { bootstrap: braidlog.bootstrapServers, stop: async () => await braidlog.stop() }
})
