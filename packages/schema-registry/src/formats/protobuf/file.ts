/** The tree of a Protobuf file. */

export interface ProtoFile {
  readonly canonical: string
}
