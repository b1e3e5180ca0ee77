/** A request that cannot be answered as asked, thrown inside the HTTP layer only and turned into an error body at its edge. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Fault } from '../core/errors.ts'

export class RequestFault extends Error implements Fault {
  override readonly name = 'RequestFault'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The status is the first three digits of the code. */
export function statusOf(code: number): ContentfulStatusCode {
  return Number(String(code).slice(0, 3)) as ContentfulStatusCode
}

export const errorBody = ({ code, message }: Fault): { error_code: number; message: string } => ({
  error_code: code,
  message,
})
