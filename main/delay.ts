/** The shell's clock: the one place where it waits. */
export async function delay(ms: number): Promise<void> {
  // oxlint-disable-next-line no-restricted-globals -- the port itself
  await new Promise<void>((resolve) => setTimeout(resolve, ms))
}
