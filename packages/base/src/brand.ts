/** Nominal types for numbers and strings that must not be mixed up; the brand exists for the compiler only. */

declare const brand: unique symbol

export type Brand<T, B extends string> = T & { readonly [brand]: B }
