/**
 * The TypeScript type of a JSON Schema that is a literal: types, enums, constants, objects with their required members, arrays and
 * tuples, `anyOf`, `oneOf`, `allOf`, and `$ref` to `#/$defs/…` and `#/definitions/…`. What goes further is `unknown`.
 */

/** The type of values of a schema: `InferJson<typeof schema>`. */
export type InferJson<S> = Infer<S, S>

interface Types {
  string: string
  number: number
  integer: number
  boolean: boolean
  null: null
}

type Infer<S, Root> = S extends boolean
  ? unknown
  : S extends { readonly $ref: infer R }
    ? Referred<R, Root>
    : S extends { readonly const: infer C }
      ? C
      : S extends { readonly enum: readonly (infer E)[] }
        ? E
        : S extends { readonly anyOf: readonly (infer B)[] }
          ? InferEach<B, Root>
          : S extends { readonly oneOf: readonly (infer B)[] }
            ? InferEach<B, Root>
            : S extends { readonly allOf: readonly [infer A, ...infer B] }
              ? Infer<A, Root> & All<B, Root>
              : S extends { readonly type: infer T }
                ? OfType<S, T, Root>
                : S extends { readonly properties: unknown }
                  ? Members<S, Root>
                  : unknown

type InferEach<B, Root> = B extends unknown ? Infer<B, Root> : never

type All<B, Root> = B extends readonly [infer A, ...infer C] ? Infer<A, Root> & All<C, Root> : unknown

type OfType<S, T, Root> = T extends readonly (infer U)[]
  ? U extends unknown
    ? OfType<S, U, Root>
    : never
  : T extends keyof Types
    ? Types[T]
    : T extends 'array'
      ? S extends { readonly prefixItems: infer P extends readonly unknown[] }
        ? Tuple<P, Root>
        : S extends { readonly items: infer I }
          ? Infer<I, Root>[]
          : unknown[]
      : T extends 'object'
        ? Members<S, Root>
        : unknown

type Tuple<P extends readonly unknown[], Root> = { -readonly [I in keyof P]: Infer<P[I], Root> }

type Members<S, Root> = S extends { readonly properties: infer P }
  ? S extends { readonly required: readonly (infer R)[] }
    ? { [N in keyof P as N extends R ? N : never]: Infer<P[N], Root> } & {
        [N in keyof P as N extends R ? never : N]?: Infer<P[N], Root>
      }
    : { [N in keyof P]?: Infer<P[N], Root> }
  : S extends { readonly additionalProperties: infer A }
    ? A extends false
      ? { [name: string]: never }
      : { [name: string]: Infer<A, Root> }
    : { [name: string]: unknown }

type Referred<R, Root> = R extends '#'
  ? Infer<Root, Root>
  : R extends `#/$defs/${infer N}`
    ? Root extends { readonly $defs: infer D }
      ? N extends keyof D
        ? Infer<D[N], Root>
        : unknown
      : unknown
    : R extends `#/definitions/${infer N}`
      ? Root extends { readonly definitions: infer D }
        ? N extends keyof D
          ? Infer<D[N], Root>
          : unknown
        : unknown
      : unknown
