/** What can be asked without a password: whether the process lives, reads and leads, what it is, and its API's description. */
import type { Hono } from 'hono'
import type { AppOptions } from './app.ts'
import { Exchange, type Env, type ExchangeParts } from './exchange.ts'
import { openApi } from './openapi.ts'

export const VERSION = '0.1.0'

export function defineHealth(app: Hono<Env>, { service, clusterId, groupId }: AppOptions, parts: ExchangeParts): void {
  const get = (path: string, answer: (exchange: Exchange) => Response): void => {
    app.get(path, (context) => answer(new Exchange(context, parts)))
  }
  get('/', (exchange) => exchange.answer({}))
  get('/health/live', (exchange) => exchange.answer({ status: 'live' }))
  get('/health/ready', (exchange) => {
    if (service.isReading) return exchange.answer({ status: 'ready', offset: service.offset })
    return exchange.fault({ code: 503, message: 'The topic of the schemas cannot be read' })
  })
  get('/health/leader', (exchange) => exchange.answer({ isLeader: service.isLeader, leader: service.leaderUrl }))
  get('/v1/metadata/id', (exchange) =>
    exchange.answer({
      scope: { path: [], clusters: { 'kafka-cluster': clusterId, 'schema-registry-cluster': groupId } },
      id: '',
    }),
  )
  get('/v1/metadata/version', (exchange) => exchange.answer({ version: VERSION, commitId: '' }))
  get('/v1/metadata/deployment', (exchange) => exchange.answer({ attributes: [] }))
  app.get('/openapi.json', (context) => context.json(openApi))
}
