/** Reading the header of a request whose API is only known from it. */
import { requestHeaderVersion } from './apis.ts'
import type { Reader } from './reader.ts'
import { RequestHeader } from './stored/headers.ts'

/**
 * Reads the header of a request, also of a version that we do not know.
 * @param reader at the first byte of a frame; left at the body
 * @throws ProtocolError also for an unknown API key
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  const at = reader.need(4)
  reader.at = at
  const key = reader.view.getInt16(at)
  const version = reader.view.getInt16(at + 2)
  return RequestHeader.read(reader, requestHeaderVersion(key, version))
}
