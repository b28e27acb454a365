/** The shell's clock: the one place where it asks the time and waits. */
export const clock = {
  nowMs: (): number => Date.now(),
  delay: async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => setTimeout(resolve, ms))
  },
}
