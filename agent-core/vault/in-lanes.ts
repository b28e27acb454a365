/**
 * Results of `work` for each of `inputs`, in their order, so many at a time. The first failure is thrown once what was
 * begun has ended; nothing more is begun then.
 */
export async function inLanes<Input, Result>(
  inputs: readonly Input[],
  lanes: number,
  work: (input: Input) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const failures: unknown[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < inputs.length && failures.length === 0) {
      const at = next++
      try {
        results[at] = await work(inputs[at] as Input)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, inputs.length) }, lane))
  if (failures.length > 0) throw failures[0]
  return results
}
