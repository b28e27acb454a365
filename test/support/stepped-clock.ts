/**
 * A clock for a process under libfaketime that stands where the test puts it and runs on from there as real time does.
 * The clock of the process that never goes back is put forth with it, so that its timers fall due as after a wait.
 */
import { globSync, renameSync, writeFileSync } from 'node:fs'

export class SteppedClock {
  readonly #file: string
  #aheadMs = 0

  /** `file` is where the library reads the time from. */
  constructor(file: string, startMs: number) {
    this.#file = file
    this.put(startMs)
  }

  /** For the process that shall go by it. */
  get env(): Readonly<Record<string, string>> {
    const library = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
    if (library === undefined) throw new Error('libfaketime is not where Debian puts it')
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      // The times of files stay what they are.
      NO_FAKE_STAT: '1',
      TZ: 'UTC',
    }
  }

  get nowMs(): number {
    return Date.now() + this.#aheadMs
  }

  /** Only forth, and only to a time that lies ahead of the real one. */
  put(timeMs: number): void {
    const aheadMs = timeMs - Date.now()
    if (aheadMs < this.#aheadMs) throw new Error('this clock goes forth only')
    this.#aheadMs = aheadMs
    // Renamed, so that nobody reads half of it.
    writeFileSync(`${this.#file}.new`, `+${(aheadMs / 1000).toFixed(3)}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}
