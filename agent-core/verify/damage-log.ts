import type { PointId } from '../contract/ids.ts'

/**
 * `open`: points need what it hurts, or it is an object that a vault must have. `harmless`: whatever points need of it is
 * whole elsewhere.
 */
export type DamageState = 'open' | 'harmless'

/** Something in a vault that is not as it was written, and whom it hurts. */
export interface Damage {
  /** Full object name in the vault. */
  readonly object: string
  /** Bytes from the start of the object. */
  readonly offset: number
  readonly reason: string
  /** The points it affects. */
  readonly points: readonly PointId[]
  /**
   * Every affected file, as `<item>:<path on the source>`, each once; `<item>:<path>/…` for a directory of which not
   * everything is known any more, `<item>:…` for a whole point.
   */
  readonly files: readonly string[]
  readonly state: DamageState
}

/** A damage that is being looked into. */
class OpenDamage {
  readonly object: string
  readonly offset: number
  readonly reasons: string[]
  readonly points = new Set<PointId>()
  readonly files = new Set<string>()
  state: DamageState = 'open'
  /** What there is to say behind its reasons. */
  remark: string | undefined

  constructor(object: string, offset: number, reason: string) {
    this.object = object
    this.offset = offset
    this.reasons = [reason]
  }
}

export class DamageLog {
  readonly #found: OpenDamage[] = []
  readonly #byPlace = new Map<string, number>()

  /** Number of damages. */
  get count(): number {
    return this.#found.length
  }

  /** Notes a damage and answers its number, from 1 on; one place is noted once. */
  add(object: string, offset: number, reason: string): number {
    const place = `${offset} ${object}`
    const known = this.#byPlace.get(place)
    if (known !== undefined) {
      const damage = this.get(known)
      if (!damage.reasons.includes(reason)) damage.reasons.push(reason)
      return known
    }
    this.#found.push(new OpenDamage(object, offset, reason))
    this.#byPlace.set(place, this.#found.length)
    return this.#found.length
  }

  get(number: number): OpenDamage {
    const damage = this.#found[number - 1]
    if (damage === undefined) throw new RangeError(`no damage ${number}`)
    return damage
  }

  /** Everything found, in the order of their numbers. */
  get all(): readonly OpenDamage[] {
    return this.#found
  }

  /** Everything found, by object and offset. */
  toList(): Damage[] {
    return this.#found
      .map(({ object, offset, reasons, remark, points, files, state }) => ({
        object,
        offset,
        reason: [...reasons.toSorted(), ...(remark === undefined ? [] : [remark])].join('; '),
        points: [...points].sort(),
        files: [...files].sort(),
        state,
      }))
      .sort((a, b) => (a.object === b.object ? a.offset - b.offset : a.object < b.object ? -1 : 1))
  }
}
