/** What a format's generator makes of one schema. */
export interface Generated {
  /** Declarations, in order. */
  readonly declarations: readonly string[]
  /** Types that come from the serdes' package. */
  readonly imports: ReadonlySet<string>
  /** Types that serdes are made for. */
  readonly roots: readonly GeneratedRoot[]
}

export interface GeneratedRoot {
  readonly type: string
  /** Protobuf: the message's full name, where it is not the first of the file. */
  readonly message?: string | undefined
}
