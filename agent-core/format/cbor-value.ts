/** A value of our CBOR subset (docs/format/trees.md). */
export type CborValue = number | bigint | string | boolean | null | Uint8Array | readonly CborValue[] | CborMap
/** Keys are unsigned integers. */
export type CborMap = ReadonlyMap<number, CborValue>
