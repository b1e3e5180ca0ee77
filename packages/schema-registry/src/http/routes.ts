/** The table of routes: every API is defined once, with the right it asks for, and served twice, at the root and under a context. */
import type { Hono } from 'hono'
import type { RegistryService } from '../service.ts'
import type { AccessControl } from './access.ts'
import { defineAcls } from './acl-routes.ts'
import { Exchange, type Env } from './exchange.ts'
import type { Right } from './rights.ts'
import { defineSchemas } from './schema-routes.ts'
import { defineContexts, defineSettings } from './setting-routes.ts'
import { defineSubjects } from './subject-routes.ts'

type Handler = (exchange: Exchange) => Response | Promise<Response>
type Method = (path: string, right: Right, handler: Handler) => void

export interface Methods {
  readonly get: Method
  readonly post: Method
  readonly put: Method
  readonly del: Method
}

export type Define = (methods: Methods, service: RegistryService) => void

/** Every path with its methods, so that another method is answered 405 and not 404. */
export type RouteTable = Map<string, Set<string>>

export interface RouteParts {
  readonly service: RegistryService
  readonly access: AccessControl
  readonly bodySizeMaxBytes: number
}

export function defineRoutes(app: Hono<Env>, parts: RouteParts): RouteTable {
  const { service } = parts
  const table: RouteTable = new Map()
  const methodsUnder = (prefix: string): Methods => {
    const on =
      (method: string): Method =>
      (path, right, handler) => {
        const whole = prefix + path
        table.set(whole, (table.get(whole) ?? new Set()).add(method))
        app.on(method, whole, async (context) => {
          const exchange = new Exchange(context, parts)
          exchange.require(right)
          return await handler(exchange)
        })
      }
    return { get: on('GET'), post: on('POST'), put: on('PUT'), del: on('DELETE') }
  }
  for (const prefix of ['', '/contexts/:context']) {
    const methods = methodsUnder(prefix)
    defineSubjects(methods, service)
    defineSchemas(methods, service)
    defineSettings(methods, service)
  }
  const atRoot = methodsUnder('')
  defineContexts(atRoot, service)
  defineAcls(atRoot, service)
  return table
}
