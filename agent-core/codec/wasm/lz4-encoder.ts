/**
 * LZ4 block encoder in AssemblyScript; compiled into lz4-encoder.wasm by build/wasm/compile-modules.ts.
 *
 * Format: "LZ4 Block Format Description" (lz4 project). A sequence is a token (literal count << 4 | match length − 4),
 * more of the literal count, literals, distance (u16, little endian), more of the match length. The last five bytes
 * are literals, and the last match begins 12 bytes before the end at the latest.
 *
 * Memory: hash table, input at 64 KiB, output after it. The table keeps the lower 16 bits of a position, so an entry
 * may stand for a place without the hashed bytes, before the input even: such a place can be read (that is why the
 * input begins at 64 KiB), and only a comparison of bytes makes a match of it.
 */

const inputAt: usize = 65536
const tableBits = 14
const tableSizeBytes: usize = 2 << tableBits
const tableAt: usize = inputAt - tableSizeBytes
/** Copies go by 16 bytes and may pass the end of literals; a sequence may be two bytes longer than was looked for. */
const slackSizeBytes: usize = 64
const pageSizeBytes: usize = 65536

/**
 * Six of eight bytes are hashed: most matches of four and five are not seen then. Such a one saves a byte or two, and
 * costs as much time as a long one.
 */
const unhashedBits: u64 = 16
/** 2^48 divided by the golden ratio, the odd number beside it (Knuth, The Art of Computer Programming, 6.4). */
const multiplier: u64 = 0x9e3779b97f4b

const leastMatch: usize = 4
const lastLiterals: usize = 5
const lastMatchStart: usize = 12
const longCount: usize = 15
/** After 2^6 places without a match the search goes by 2, after as many again by 3, and so on. */
const skipBits: usize = 6

/** Makes room for an input and its output, of these sizes; returns where the input goes, 0 if there is no memory. */
export function reserve(sizeBytes: usize, limitBytes: usize): usize {
  const needed = outputAt(sizeBytes) + limitBytes + slackSizeBytes
  const pages = ((needed + pageSizeBytes - 1) / pageSizeBytes) as i32
  const missing = pages - memory.size()
  return missing > 0 && memory.grow(missing) < 0 ? 0 : inputAt
}

/** Where the output of an input of `sizeBytes` begins. */
export function outputAt(sizeBytes: usize): usize {
  return inputAt + sizeBytes + slackSizeBytes
}

/** The length of the block made of the input, or 0 where it would be longer than `limitBytes`. */
export function encode(sizeBytes: usize, limitBytes: usize): usize {
  memory.fill(tableAt, 0, tableSizeBytes)
  const inputEnd = inputAt + sizeBytes
  const outputStart = outputAt(sizeBytes)
  const outputEnd = outputStart + limitBytes
  const lastStart = inputEnd - lastMatchStart
  let out = outputStart
  let literals = inputAt
  let at = inputAt + 1
  while (at <= lastStart) {
    let tries: usize = 1 << skipBits
    let match: usize
    for (;;) {
      match = replaceCandidate(at)
      if (isMatch(at, match)) break
      at += tries++ >> skipBits
      if (at > lastStart) return putLastLiterals(out, literals, inputEnd, outputEnd, outputStart)
    }
    while (at > literals && match > inputAt && load<u8>(at - 1) === load<u8>(match - 1)) {
      at--
      match--
    }
    do {
      const end = matchEnd(at, at - match, inputEnd - lastLiterals)
      if (out + sequenceSize(at - literals, end - at - leastMatch) > outputEnd) return 0
      out = putSequence(out, literals, at, end, at - match)
      literals = end
      at = end
      if (at > lastStart) return putLastLiterals(out, literals, inputEnd, outputEnd, outputStart)
      store<u16>(slotOf(at - 2), (at - 2 - inputAt) as u16)
      match = replaceCandidate(at)
    } while (isMatch(at, match))
    at++
  }
  return putLastLiterals(out, literals, inputEnd, outputEnd, outputStart)
}

/** The table's place for the bytes at `at`. */
function slotOf(at: usize): usize {
  return tableAt + (((((load<u64>(at) << unhashedBits) * multiplier) >> (64 - tableBits)) as usize) << 1)
}

/** The nearest place before `at` that the table may mean; `at` takes its entry. */
function replaceCandidate(at: usize): usize {
  const slot = slotOf(at)
  const candidate = at - ((at - inputAt - load<u16>(slot)) & 0xffff)
  store<u16>(slot, (at - inputAt) as u16)
  return candidate
}

function isMatch(at: usize, match: usize): bool {
  return load<u32>(match) === load<u32>(at) && match < at && match >= inputAt
}

/** Where the bytes from `at` on, four of which are equal, cease to equal those `distance` before: `limit` at most. */
function matchEnd(at: usize, distance: usize, limit: usize): usize {
  let end = at + leastMatch
  while (end + 8 <= limit) {
    const difference = load<u64>(end) ^ load<u64>(end - distance)
    if (difference !== 0) return end + ((ctz(difference) >> 3) as usize)
    end += 8
  }
  while (end < limit && load<u8>(end) === load<u8>(end - distance)) end++
  return end
}

/** Bytes of a sequence, give or take two: never more than it has together with the literals that end a block. */
function sequenceSize(literalCount: usize, matchCount: usize): usize {
  return 3 + literalCount + literalCount / 255 + matchCount / 255
}

/** Writes literals up to `at` and the match up to `end`; returns where output goes on. */
function putSequence(out: usize, literals: usize, at: usize, end: usize, distance: usize): usize {
  const literalCount = at - literals
  const matchCount = end - at - leastMatch
  const tokenAt = out++
  let token = min(literalCount, longCount) << 4
  if (literalCount >= longCount) out = putCount(out, literalCount - longCount)
  for (let copied: usize = 0; copied < literalCount; copied += 16) {
    v128.store(out + copied, v128.load(literals + copied))
  }
  out += literalCount
  store<u16>(out, distance as u16)
  out += 2
  token |= min(matchCount, longCount)
  if (matchCount >= longCount) out = putCount(out, matchCount - longCount)
  store<u8>(tokenAt, token as u8)
  return out
}

/** Writes the literals that end a block; returns the block's length, 0 beyond the limit. */
function putLastLiterals(out: usize, literals: usize, inputEnd: usize, outputEnd: usize, outputStart: usize): usize {
  const literalCount = inputEnd - literals
  const isLong = literalCount >= longCount
  const countBytes: usize = isLong ? (literalCount - longCount) / 255 + 2 : 1
  if (out + countBytes + literalCount > outputEnd) return 0
  store<u8>(out++, (min(literalCount, longCount) << 4) as u8)
  if (isLong) out = putCount(out, literalCount - longCount)
  memory.copy(out, literals, literalCount)
  return out + literalCount - outputStart
}

/** Writes what a count has beyond the 15 of its token: 255 as often as it fits, then the rest. */
function putCount(out: usize, rest: usize): usize {
  while (rest >= 255) {
    store<u8>(out++, 255)
    rest -= 255
  }
  store<u8>(out++, rest as u8)
  return out
}
