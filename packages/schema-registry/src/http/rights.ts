/**
 * What a route asks for before it does anything. Every route names one: there is no way to define one without.
 *
 * | right        | who may go on                                                                                       |
 * |--------------|-----------------------------------------------------------------------------------------------------|
 * | `anyone`     | whoever is known                                                                                    |
 * | `filtered`   | whoever is known; the route shows only what may be seen                                             |
 * | on `subject` | who may do it on the subject of the path, once its alias has been followed                          |
 * | on `scope`   | the same, for a path whose subject may be a context or, left out, everything: then on the registry  |
 * | on `registry`| who may do it on the registry                                                                       |
 */
import { AclOperation } from '@braidlog/model'

export type Right =
  | 'anyone'
  | 'filtered'
  | { readonly on: 'subject' | 'scope' | 'registry'; readonly operation: AclOperation }

export const onSubject = (operation: AclOperation): Right => ({ on: 'subject', operation })
export const onScope = (operation: AclOperation): Right => ({ on: 'scope', operation })
export const onRegistry = (operation: AclOperation): Right => ({ on: 'registry', operation })

const OPERATION_NAMES = new Map<number, string>(Object.entries(AclOperation).map(([name, number]) => [number, name]))

/** `READ`, `ALTER_CONFIGS`. */
export const operationName = (operation: AclOperation): string => OPERATION_NAMES.get(operation) ?? String(operation)
