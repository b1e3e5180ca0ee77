/**
 * The REST API: around the routes stand, from the outside in, the bound on requests at work, the media types, authentication and
 * the wait for an offset that the client has seen elsewhere.
 */
import type { Logger } from '@braidlog/base'
import { Hono, type Context } from 'hono'
import { RegistryErrorCode } from '../core/errors.ts'
import { OFFSET_HEADER } from '../election/forward.ts'
import type { RegistryAuth, RegistryAuthorization } from '../options.ts'
import type { RegistryService } from '../service.ts'
import { AccessControl } from './access.ts'
import { authentication } from './authentication.ts'
import { Exchange, type Env } from './exchange.ts'
import { RequestFault } from './fault.ts'
import { defineHealth } from './health.ts'
import type { Identities } from './identities.ts'
import { HttpMetrics, METRICS_TYPE } from './metrics.ts'
import { answerType, isReadable, V1_JSON } from './media.ts'
import { defineRoutes } from './routes.ts'

export interface AppOptions {
  readonly service: RegistryService
  readonly clusterId: string
  readonly groupId: string
  readonly bodySizeMaxBytes: number
  readonly requestsMax: number
  readonly auth: RegistryAuth | undefined
  readonly identities: Identities
  /** Nobody is asked who they are. */
  readonly isOpen: boolean
  /** Names of this host that a request may be for; undefined: any. */
  readonly hostNames: ReadonlySet<string> | undefined
  readonly authorization: RegistryAuthorization | undefined
  readonly nowMs: () => number
  readonly logger: Logger
}

const { NOT_AUTHORIZED } = RegistryErrorCode
const UNSUPPORTED_MEDIA_TYPE = 415
const NOT_ACCEPTABLE = 406
const TOO_MANY_REQUESTS_AT_WORK = 503

export function createApp(options: AppOptions): Hono<Env> {
  const { service, bodySizeMaxBytes, requestsMax, hostNames, authorization, nowMs, logger } = options
  const access = new AccessControl(service.core, authorization)
  const parts = { service, access, bodySizeMaxBytes }
  const app = new Hono<Env>()
  const refuse = (context: Context<Env>, code: number, message: string): Response =>
    new Exchange(context, parts).fault({ code, message })
  const metrics = new HttpMetrics()
  let atWork = 0

  app.use(async (context, next) => {
    context.set('answerType', V1_JSON)
    if (atWork >= requestsMax) {
      metrics.rejected()
      return refuse(context, TOO_MANY_REQUESTS_AT_WORK, 'Too many requests are at work')
    }
    atWork++
    const startedMs = nowMs()
    try {
      await next()
    } finally {
      atWork--
      metrics.answered(context.req.method, context.res.status, nowMs() - startedMs)
    }
    return undefined
  })
  // A page that somebody looks at can have its own name lead to loopback, and its requests are then sent from here.
  app.use(async (context, next) => {
    const name = (context.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase()
    if (hostNames === undefined || hostNames.has(name)) return await next()
    return refuse(
      context,
      NOT_AUTHORIZED,
      `This registry is not '${name}': it answers under ${[...hostNames].join(', ')}`,
    )
  })
  // Before the media types: who scrapes asks for text.
  app.get('/metrics', (context) => context.body(metrics.text(service, atWork), 200, { 'content-type': METRICS_TYPE }))
  app.use(async (context, next) => {
    const type = answerType(context.req.header('accept'))
    if (type === undefined) return refuse(context, NOT_ACCEPTABLE, 'HTTP 406 Not Acceptable')
    context.set('answerType', type)
    const { method } = context.req
    if ((method === 'POST' || method === 'PUT') && !isReadable(context.req.header('content-type'))) {
      return refuse(context, UNSUPPORTED_MEDIA_TYPE, 'HTTP 415 Unsupported Media Type')
    }
    return await next()
  })
  defineHealth(app, options, parts)
  app.use(authentication(options, (context, message) => refuse(context, 401, message)))
  app.use(async (context, next) => {
    const offset = Number(context.req.header(OFFSET_HEADER) ?? -1)
    if (Number.isSafeInteger(offset) && offset >= 0) {
      const seen = await service.seen(offset)
      if (!seen.ok) return refuse(context, seen.error.code, seen.error.message)
    }
    return await next()
  })

  const table = defineRoutes(app, parts)
  // What matches a path but not its methods comes here last.
  for (const [path, methods] of table) {
    app.all(path, (context) => {
      context.header('allow', [...methods].join(', '))
      return refuse(context, 405, 'HTTP 405 Method Not Allowed')
    })
  }
  app.notFound((context) => refuse(context, 404, 'HTTP 404 Not Found'))
  app.onError((error, context) => {
    if (error instanceof RequestFault) return refuse(context, error.code, error.message)
    logger.error('a request failed', { method: context.req.method, path: context.req.path, error })
    return refuse(context, 500, 'Internal Server Error')
  })
  return app
}
