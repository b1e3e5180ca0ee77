/** The table of routes: every API is defined once and served twice, at the root and under `/contexts/{context}`. */
import type { Hono } from 'hono'
import type { RegistryService } from '../service.ts'
import { Exchange, type Env } from './exchange.ts'
import { defineSchemas } from './schema-routes.ts'
import { defineContexts, defineSettings } from './setting-routes.ts'
import { defineSubjects } from './subject-routes.ts'

type Handler = (exchange: Exchange) => Response | Promise<Response>
type Method = (path: string, handler: Handler) => void

export interface Methods {
  readonly get: Method
  readonly post: Method
  readonly put: Method
  readonly del: Method
}

export type Define = (methods: Methods, service: RegistryService) => void

/** Every path with its methods, so that another method is answered 405 and not 404. */
export type RouteTable = Map<string, Set<string>>

export function defineRoutes(app: Hono<Env>, service: RegistryService, bodySizeMaxBytes: number): RouteTable {
  const table: RouteTable = new Map()
  const methodsUnder = (prefix: string): Methods => {
    const on =
      (method: string): Method =>
      (path, handler) => {
        const whole = prefix + path
        table.set(whole, (table.get(whole) ?? new Set()).add(method))
        app.on(method, whole, async (context) => await handler(new Exchange(context, service, bodySizeMaxBytes)))
      }
    return { get: on('GET'), post: on('POST'), put: on('PUT'), del: on('DELETE') }
  }
  for (const prefix of ['', '/contexts/:context']) {
    const methods = methodsUnder(prefix)
    defineSubjects(methods, service)
    defineSchemas(methods, service)
    defineSettings(methods, service)
  }
  defineContexts(methodsUnder(''), service)
  return table
}
