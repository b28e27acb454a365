/** Reads that have begun, the one whose turn it is among them, at most. */
const maxBegun = 16
/** What they may hold in memory together, unless one alone is longer. */
const maxBegunBytes = 16 * 2 ** 20

/**
 * Each of `inputs` in their order, with what `read` makes of it; those behind it are read meanwhile, as a vault may be far
 * away: up to 16, of `maxBytes` together. Whoever leaves early, or does not wait for a result, waits for what was begun.
 * `sizeBytes`: what reading it takes of memory.
 */
export async function* readAhead<Input extends { readonly sizeBytes: number }, Result>(
  inputs: readonly Input[],
  read: (input: Input) => Promise<Result>,
  { maxBytes = maxBegunBytes }: { readonly maxBytes?: number } = {},
): AsyncGenerator<{ readonly input: Input; readonly result: Promise<Result> }, void, undefined> {
  const waiting = inputs.values()
  const begun: { readonly input: Input; readonly result: Promise<Result> }[] = []
  let begunBytes = 0
  let next = waiting.next()
  const hasRoom = ({ sizeBytes }: Input) =>
    begun.length === 0 || (begun.length < maxBegun && begunBytes + sizeBytes <= maxBytes)
  try {
    for (;;) {
      for (; next.done !== true && hasRoom(next.value); next = waiting.next()) {
        const result = read(next.value)
        // It is told when its turn comes.
        result.catch(() => undefined)
        begun.push({ input: next.value, result })
        begunBytes += next.value.sizeBytes
      }
      const [first] = begun
      if (first === undefined) return
      yield first
      await Promise.allSettled([first.result])
      begun.shift()
      begunBytes -= first.input.sizeBytes
    }
  } finally {
    await Promise.allSettled(begun.map(({ result }) => result))
  }
}
