/**
 * A declared message with its codecs. The codec of a version is compiled when it is first used.
 *
 * When generated code meets something malformed, the interpreter walks the same input again, only to name the field;
 * not for large input, where a foreign peer could make that walk expensive.
 */
import type { Fields, InferFields, Input, MessageDeclaration } from './declare.ts'
import { compileReader, compileWriter, type Read, type Write } from './codec.ts'
import { ProtocolError } from './errors.ts'
import { interpretRead, interpretWrite } from './interpreter.ts'
import { Reader } from './reader.ts'
import { inVersions, parseVersions } from './version-range.ts'
import { Writer } from './writer.ts'

/** Up to this size the field of malformed input is named. */
const EXPLAINED_SIZE_MAX = 64 * 1024

export interface Message<F extends Fields = Fields> extends MessageDeclaration<F> {
  /** Lowest and highest valid version. */
  readonly versionMin: number
  readonly versionMax: number
  isFlexible(version: number): boolean
  /** Reads one message at the reader's position. @throws ProtocolError */
  read(reader: Reader, version: number): InferFields<F>
  /** Appends one message. @throws ProtocolError when a value does not fit its type or this version. */
  write(writer: Writer, value: Input<InferFields<F>>, version: number): void
  /** Reads a message that fills the rest of the reader's bytes exactly. @throws ProtocolError */
  readToEnd(reader: Reader, version: number): InferFields<F>
  /** Reads a message that fills `bytes` exactly. @throws ProtocolError */
  decode(bytes: Uint8Array, version: number): InferFields<F>
  /** @returns a fresh array that the caller owns. @throws ProtocolError */
  encode(value: Input<InferFields<F>>, version: number): Uint8Array
}

export function message<F extends Fields>(declaration: MessageDeclaration<F>): Message<F> {
  const { min, max } = parseVersions(declaration.versions)

  const readers: (Read | undefined)[] = []
  const writers: (Write | undefined)[] = []

  function readerOf(version: number): Read {
    checkVersion(version)
    return (readers[version] = compileReader(declaration, version))
  }

  function writerOf(version: number): Write {
    checkVersion(version)
    return (writers[version] = compileWriter(declaration, version))
  }

  function checkVersion(version: number): void {
    if (Number.isInteger(version) && version >= min && version <= max) return
    const problem = `version ${version} is outside ${declaration.versions}`
    throw new ProtocolError('UNSUPPORTED_VERSION', problem, declaration.name)
  }

  const self: Message<F> = {
    ...declaration,
    versionMin: min,
    versionMax: max,
    isFlexible: (version) => inVersions(declaration.flexible, version),
    read(reader, version) {
      const read = readers[version] ?? readerOf(version)
      const start = reader.at
      try {
        return read(reader) as InferFields<F>
      } catch (error) {
        if (!(error instanceof ProtocolError) || error.where !== '') throw error
        if (reader.at - start <= EXPLAINED_SIZE_MAX) {
          reader.at = start
          interpretRead(declaration, reader, version)
        }
        throw new ProtocolError(error.code, error.message, `${declaration.name} v${version}`, { cause: error })
      }
    },
    write(writer, value, version) {
      const write = writers[version] ?? writerOf(version)
      const sizeBefore = writer.sizeBytes()
      try {
        write(writer, value)
      } catch (error) {
        if (!(error instanceof ProtocolError) || error.where !== '') throw error
        if (writer.sizeBytes() - sizeBefore <= EXPLAINED_SIZE_MAX) {
          interpretWrite(declaration, new Writer(), value, version)
        }
        throw new ProtocolError(error.code, error.message, `${declaration.name} v${version}`, { cause: error })
      }
    },
    decode: (bytes, version) => self.readToEnd(new Reader(bytes), version),
    readToEnd(reader, version) {
      const value = self.read(reader, version)
      const left = reader.remaining()
      if (left === 0) return value
      const problem = `${left} bytes are left after the message`
      throw new ProtocolError('TRAILING_BYTES', problem, `${declaration.name} v${version}`)
    },
    encode(value, version) {
      const writer = new Writer()
      self.write(writer, value, version)
      return writer.toBytes()
    },
  }
  return self
}
