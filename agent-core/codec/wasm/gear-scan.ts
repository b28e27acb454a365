/**
 * The gear hash of docs/format/splitting.md in AssemblyScript; compiled into gear-scan.wasm by build/wasm/compile-modules.ts.
 *
 * Memory: the gear table at 0, the bytes from 64 KiB on. The caller lets it grow.
 */

/** Bytes that the hash remembers, but for the one that is hashed. */
const windowBefore: usize = 31

function step(hash: u32, at: usize): u32 {
  return (hash << 1) + load<u32>((<usize>load<u8>(at)) << 2)
}

/**
 * Address behind the first byte in [from, to) whose hash lies below `below`; 0 when there is none. The window before
 * `from` is hashed without being tested. Eight bytes a turn: its bookkeeping costs as much as two.
 */
export function scan(from: usize, to: usize, below: u32): usize {
  let at = from - windowBefore
  let hash: u32 = 0
  for (; at < from; at++) hash = step(hash, at)
  for (; at + 8 <= to; at += 8) {
    hash = step(hash, at)
    if (hash < below) return at + 1
    hash = step(hash, at + 1)
    if (hash < below) return at + 2
    hash = step(hash, at + 2)
    if (hash < below) return at + 3
    hash = step(hash, at + 3)
    if (hash < below) return at + 4
    hash = step(hash, at + 4)
    if (hash < below) return at + 5
    hash = step(hash, at + 5)
    if (hash < below) return at + 6
    hash = step(hash, at + 6)
    if (hash < below) return at + 7
    hash = step(hash, at + 7)
    if (hash < below) return at + 8
  }
  for (; at < to; at++) {
    hash = step(hash, at)
    if (hash < below) return at + 1
  }
  return 0
}
