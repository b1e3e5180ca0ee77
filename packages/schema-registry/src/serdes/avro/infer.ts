/**
 * The TypeScript type of an Avro schema that is a literal: what `avro()` reads, and takes for writing. It follows the table in
 * `shape.ts`. Types that a schema refers to and does not contain are `unknown`; so is a schema that is text.
 */
import type { Decimal } from '../decimal.ts'
import type { AvroDuration } from './shape.ts'

export interface InferOptions {
  readonly long?: 'bigint' | 'number'
  readonly logicalTypes?: boolean
}

/** The type of values of a schema: `InferAvro<typeof schema>`. */
export type InferAvro<S, O extends InferOptions = InferOptions> = Infer<
  S,
  { names: NamedIn<S>; options: O; namespace: '' }
>

interface Scope {
  /** Union of the named types anywhere in the schema. */
  names: unknown
  options: InferOptions
  namespace: string
}

interface Primitives<L> {
  null: null
  boolean: boolean
  int: number
  long: L
  float: number
  double: number
  bytes: Uint8Array
  string: string
}

type Long<O extends InferOptions> = O['long'] extends 'number' ? number : bigint
type IsLogical<O extends InferOptions> = O extends { readonly logicalTypes: false } ? false : true

type Infer<S, E extends Scope> = S extends string
  ? string extends S
    ? unknown
    : S extends keyof Primitives<unknown>
      ? Primitives<Long<E['options']>>[S]
      : InferReference<S, E>
  : S extends readonly unknown[]
    ? HasTwins<S, E> extends true
      ? Wrapped<S[number], E>
      : InferEach<S, E>
    : S extends { readonly type: infer K }
      ? Complex<S, K, E>
      : unknown

type Complex<S, K, E extends Scope> =
  LogicalOf<S, E['options']> extends infer L
    ? [L] extends [never]
      ? K extends 'record' | 'error'
        ? S extends { readonly fields: readonly unknown[] }
          ? Fields<S['fields'][number], In<S, E>>
          : unknown
        : K extends 'enum'
          ? S extends { readonly symbols: readonly (infer Y)[] }
            ? Y
            : string
          : K extends 'fixed'
            ? Uint8Array
            : K extends 'array'
              ? S extends { readonly items: infer I }
                ? Infer<I, E>[]
                : unknown[]
              : K extends 'map'
                ? S extends { readonly values: infer V }
                  ? { [name: string]: Infer<V, E> }
                  : { [name: string]: unknown }
                : Infer<K, E>
      : L
    : never

type Fields<F, E extends Scope> = {
  [N in F as N extends { readonly name: infer X extends string } ? X : never]: N extends { readonly type: infer T }
    ? Infer<T, E>
    : never
}

type InferEach<B extends readonly unknown[], E extends Scope> = { [I in keyof B]: Infer<B[I], E> }[number]

type Wrapped<B, E extends Scope> = B extends 'null' | { readonly type: 'null' }
  ? null
  : { [N in BranchName<B, E>]: Infer<B, E> }

type LogicalOf<S, O extends InferOptions> =
  IsLogical<O> extends true
    ? S extends { readonly type: 'bytes' | 'fixed'; readonly logicalType: 'decimal'; readonly precision: number }
      ? Decimal
      : S extends
            | { readonly type: 'int'; readonly logicalType: 'date' }
            | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
        ? Date
        : S extends { readonly type: 'fixed'; readonly size: 16; readonly logicalType: 'uuid' }
          ? string
          : S extends { readonly type: 'fixed'; readonly size: 12; readonly logicalType: 'duration' }
            ? AvroDuration
            : never
    : never

/** The scope inside a named type: the same one where the namespace is, so that recursive types come back to themselves. */
type In<S, E extends Scope> =
  NamespaceOf<S, E['namespace']> extends E['namespace']
    ? E
    : { names: E['names']; options: E['options']; namespace: NamespaceOf<S, E['namespace']> }

type NamespaceOf<S, Outer extends string> = S extends { readonly name: `${string}.${string}` }
  ? Init<S['name']>
  : S extends { readonly namespace: infer N extends string }
    ? N
    : Outer

type Init<N extends string> = N extends `${infer H}.${infer T}`
  ? T extends `${string}.${string}`
    ? `${H}.${Init<T>}`
    : H
  : ''
type Last<N extends string> = N extends `${string}.${infer T}` ? Last<T> : N

type InferReference<N extends string, E extends Scope> =
  Referred<N, E> extends infer R ? ([R] extends [never] ? unknown : Infer<R, E>) : never

type Referred<N extends string, E extends Scope> = E['names'] extends infer D
  ? D extends { readonly name: infer X extends string }
    ? Last<X> extends Last<N>
      ? D
      : never
    : never
  : never

type NamedIn<S> = S extends readonly (infer B)[]
  ? NamedIn<B>
  : S extends { readonly type: infer K }
    ? K extends 'record' | 'error'
      ? | S
        | (S extends { readonly fields: readonly (infer F)[] }
            ? F extends { readonly type: infer T }
              ? NamedIn<T>
              : never
            : never)
      : K extends 'enum' | 'fixed'
        ? S
        : K extends 'array'
          ? S extends { readonly items: infer I }
            ? NamedIn<I>
            : never
          : K extends 'map'
            ? S extends { readonly values: infer V }
              ? NamedIn<V>
              : never
            : K extends string
              ? never
              : NamedIn<K>
    : never

/** Whether two branches have values of one kind: such a union is not unwrapped. */
type HasTwins<B extends readonly unknown[], E extends Scope, Seen = never> = B extends readonly [infer H, ...infer T]
  ? Kind<H, E> extends infer K
    ? [K & Seen] extends [never]
      ? HasTwins<T, E, Seen | K>
      : true
    : never
  : false

type Kind<S, E extends Scope> = S extends 'null' | 'boolean' | 'string' | 'bytes'
  ? S
  : S extends 'int' | 'float' | 'double'
    ? 'number'
    : S extends 'long'
      ? E['options']['long'] extends 'number'
        ? 'number'
        : 'bigint'
      : S extends string
        ? Referred<S, E> extends infer R
          ? [R] extends [never]
            ? 'object'
            : Kind<R, E>
          : never
        : S extends { readonly type: infer K }
          ? LogicalOf<S, E['options']> extends infer L
            ? [L] extends [never]
              ? K extends 'record' | 'error' | 'map'
                ? 'object'
                : K extends 'enum'
                  ? 'string'
                  : K extends 'fixed'
                    ? 'bytes'
                    : K extends 'array'
                      ? 'array'
                      : Kind<K, E>
              : L extends Decimal
                ? 'Decimal'
                : L extends Date
                  ? 'Date'
                  : L extends string
                    ? 'string'
                    : 'object'
            : never
          : never

type BranchName<S, E extends Scope> = S extends string
  ? S extends keyof Primitives<unknown> | `${string}.${string}`
    ? S
    : Qualified<S, E['namespace']>
  : S extends { readonly type: infer K }
    ? K extends 'record' | 'error' | 'enum' | 'fixed'
      ? S extends { readonly name: infer N extends string }
        ? N extends `${string}.${string}`
          ? N
          : Qualified<N, NamespaceOf<S, E['namespace']>>
        : never
      : K extends string
        ? K
        : never
    : never

type Qualified<N extends string, Namespace extends string> = Namespace extends '' ? N : `${Namespace}.${N}`
