/** Whether the bytes of an object are what its name says, before they are copied. */

import { toHex } from '../base/bytes.ts'
import { sha256 } from '../codec/block-id.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { openObject } from '../codec/seal-object.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { ensure } from '../format/invalid.ts'
import { decodeKeySlot } from '../format/key-slot.ts'
import { decodeSealedHeader } from '../format/sealed-object.ts'
import { keyspaceLayout, parseChunkName } from '../format/vault-layout.ts'

/**
 * Throws `format.invalid` for a chunk file with another hash than its name, and for a sealed object that does not open
 * under its name. Without `keys` (another machine's keyspace) a sealed object is only looked at from outside.
 */
export function checkObject(
  name: string,
  bytes: Uint8Array,
  keyspace: KeyspaceId,
  keys: KeyspaceKeys | undefined,
): void {
  const chunk = parseChunkName(name)
  if (chunk !== undefined) {
    ensure(toHex(sha256(bytes)) === chunk, name, 0, 'its bytes are not those that its name stands for')
    return
  }
  if (name.startsWith(keyspaceLayout(keyspace).keys)) {
    decodeKeySlot(bytes, name)
    return
  }
  const header = decodeSealedHeader(bytes, name)
  ensure(toHex(header.keyspace) === keyspace, name, 24, 'an object of another keyspace')
  if (keys !== undefined) openObject(keys, header.kind, name, bytes)
}
