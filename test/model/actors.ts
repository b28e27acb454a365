/**
 * Who works on a vault at the same time: writers, pruners and a person, as docs/format/write-order.md has them. A `Mutant`
 * leaves one rule out; the test shows that each rule is needed.
 */
import type { Actor, Memory } from './explore.ts'
import {
  bit,
  blocksIn,
  condemnedIn,
  indexOf,
  listSegments,
  numbersIn,
  type VaultModel,
  withFile,
  withPoint,
  withSegment,
} from './vault-model.ts'

/** One rule that is broken. */
export type Mutant =
  | 'no provisional point'
  | 'check before publishing'
  | 'no second look of the pruner'
  | 'no intent'
  | 'writer reads the index before the intents'
  | 'pruner reads the index before the intents'
  | 'delete before the index is told'
  | 'a condemned name is used again'
  | "another's intent is taken over"
  | "another's intent is closed"
  | 'what no segment names is not told to be gone'
  | 'a segment brings back what is gone'
  | 'compaction supersedes all that is there'
  | 'superseded segments go before their repetition is there'
  | 'undelete does not look at intents'
  | 'pruner does not look at points again before it removes them'
  | 'nothing is checked for a second point'

/** Numbers that an actor remembers; sets, or 0. */
export interface Own extends Memory {
  readonly files: number
  readonly live: number
  readonly condemned: number
  readonly index: number
  readonly segments: number
  readonly points: number
  readonly intent: number
  readonly tries: number
}

type ModelActor = Actor<VaultModel, Own>
type Outcome = readonly (readonly [VaultModel, Own])[]

const nothing = { files: 0, live: 0, condemned: 0, index: 0, segments: 0, points: 0, intent: 0, tries: 0 }
const startAt = (pc: string): Own => ({ pc, ...nothing })

/**
 * Makes points `points` of the vault, one after the other; each is there from the start, as `removed`. It looks at the
 * vault once (`live` is then what it believes to be there) and may be away for as long as it likes afterwards.
 */
export function writer(name: string, points: readonly number[], breaks?: Mutant): ModelActor {
  const step = (vault: VaultModel, own: Own): Outcome => {
    const point = points[own.points] as number
    const { needs } = vault.points[point] as VaultModel['points'][number]
    const to = (pc: string, after = vault, change: Partial<Own> = {}): Outcome => [[after, { ...own, ...change, pc }]]
    const isCheckedFirst = breaks === 'check before publishing'
    switch (own.pc) {
      case 'look':
        return to('put', vault, { live: blocksIn(vault, indexOf(vault) & ~condemnedIn(vault)) })
      case 'put': {
        const blocks = needs & ~own.live
        if (blocks === 0) return to(isCheckedFirst ? 'read intents' : 'publish')
        if (breaks === 'a condemned name is used again') {
          const same = vault.holds.indexOf(blocks)
          if (same >= 0) return to('index', { ...vault, files: vault.files | bit(same) }, { files: same })
        }
        return to('index', withFile(vault, blocks), { files: vault.holds.length })
      }
      case 'index': {
        const indexed = withSegment(vault, bit(own.files))
        const isBroken = breaks === 'a segment brings back what is gone' || breaks === 'a condemned name is used again'
        const after = isBroken ? { ...indexed, gone: indexed.gone & ~bit(own.files) } : indexed
        const isPublished = vault.points[point]?.state === 'provisional'
        return to(isPublished || isCheckedFirst ? 'read intents' : 'publish', after, { live: own.live | needs })
      }
      case 'publish':
        if (breaks === 'no provisional point' || isCheckedFirst) return to('confirm')
        if (breaks === 'nothing is checked for a second point' && own.points > 0) {
          return to('confirm', withPoint(vault, point, 'provisional'))
        }
        return to('read intents', withPoint(vault, point, 'provisional'))
      case 'read intents': {
        const isSwapped = breaks === 'writer reads the index before the intents'
        return to('read index', vault, isSwapped ? { index: indexOf(vault) } : { condemned: condemnedIn(vault) })
      }
      case 'read index': {
        const isSwapped = breaks === 'writer reads the index before the intents'
        const index = isSwapped ? own.index : indexOf(vault)
        const condemned = isSwapped ? condemnedIn(vault) : own.condemned
        const live = blocksIn(vault, index & ~condemned)
        const forgotten = { condemned: 0, index: 0, live }
        if ((needs & ~live) === 0) return to(isCheckedFirst ? 'publish' : 'confirm', vault, forgotten)
        if (own.tries === 2) return to('done', vault, forgotten)
        return to('put', vault, { ...forgotten, tries: own.tries + 1 })
      }
      case 'confirm': {
        const confirmed = withPoint(vault, point, 'confirmed')
        const isLast = own.points === points.length - 1
        const change = { points: own.points + 1, tries: 0, files: 0 }
        return to(isLast ? 'done' : 'put', { ...confirmed, promised: vault.promised | bit(point) }, change)
      }
      default:
        throw new Error(own.pc)
    }
  }
  return { name, start: startAt('look'), step }
}

export interface PrunerOptions {
  readonly breaks?: Mutant | undefined
  /** Of two copies the later one is kept. */
  readonly keepsLast?: boolean
  readonly compacts?: boolean
  /** Goes on, under the same name, with what the actor of this number left when it crashed. */
  readonly resumes?: number
}

/** Looks for what no point needs, merges what is sparse, announces, looks again, removes, deletes. `by`: its home. */
export function pruner(by: string, options: PrunerOptions = {}): ModelActor {
  const { breaks, compacts } = options
  const firstLook = breaks === 'no second look of the pruner' ? 'remove points' : 'read points'
  const step = (vault: VaultModel, own: Own, others: readonly Memory[]): Outcome => {
    const to = (pc: string, after = vault, change: Partial<Own> = {}): Outcome => [[after, { ...own, ...change, pc }]]
    switch (own.pc) {
      case 'resume': {
        if (others[options.resumes as number]?.pc !== 'dead') return []
        const number = vault.intents.findIndex((intent) => intent.isOpen && intent.by === by)
        const intent = vault.intents[number]
        if (intent === undefined) return to('plan')
        const { files, segments, points } = intent
        return to('read points', vault, { files, segments, points, intent: number })
      }
      case 'plan':
        return plan(vault, own)
      case 'index merged': {
        const merged = withSegment(vault, bit(vault.holds.length - 1))
        return to(compacts ? 'compact' : 'announce', merged)
      }
      case 'compact': {
        const isBroken = breaks === 'compaction supersedes all that is there'
        const superseded = isBroken ? listSegments(vault) : own.segments
        if (breaks === 'superseded segments go before their repetition is there') {
          return to('write compacted', withoutSegments(vault, superseded), { segments: superseded })
        }
        return to('announce', withSegment(vault, own.index, superseded), { segments: superseded })
      }
      case 'write compacted':
        return to('announce', withSegment(vault, own.index, own.segments))
      case 'announce': {
        if (own.files === 0 && own.points === 0 && own.segments === 0) return to('done')
        if (breaks === 'no intent') return to(firstLook, vault, { intent: -1 })
        const { files, segments, points } = own
        const intents = [...vault.intents, { by, isOpen: true, files, segments, points }]
        return to(firstLook, { ...vault, intents }, { intent: vault.intents.length })
      }
      case 'read points': {
        const isSure = breaks === 'pruner does not look at points again before it removes them'
        const points = isSure ? own.points : own.points & expiredIn(vault)
        return to('read intents', vault, { live: needsIn(vault, ~points), points })
      }
      case 'read intents':
        if (breaks === 'pruner reads the index before the intents') {
          return to('read index', vault, { index: indexOf(vault) })
        }
        return to('read index', vault, { condemned: condemnedIn(vault) })
      case 'read index': {
        const isSwapped = breaks === 'pruner reads the index before the intents'
        const index = isSwapped ? own.index : indexOf(vault)
        const condemned = isSwapped ? condemnedIn(vault) : own.condemned
        const lost = own.live & ~blocksIn(vault, index & ~condemned & ~own.files)
        let { files } = own
        for (const file of numbersIn(files)) if (((vault.holds[file] as number) & lost) !== 0) files &= ~bit(file)
        return to('remove points', vault, { files, live: 0, condemned: 0, index: 0 })
      }
      case 'remove points': {
        let after = vault
        for (const point of numbersIn(own.points)) after = withPoint(after, point, 'removed')
        return to(breaks === 'delete before the index is told' ? 'delete' : 'tell the index', after)
      }
      case 'tell the index': {
        const told = breaks === 'what no segment names is not told to be gone' ? own.files & indexOf(vault) : own.files
        return to(breaks === 'delete before the index is told' ? 'close' : 'delete', {
          ...vault,
          gone: vault.gone | told,
        })
      }
      case 'delete': {
        const after = withoutSegments({ ...vault, files: vault.files & ~own.files }, own.segments)
        return to(breaks === 'delete before the index is told' ? 'tell the index' : 'close', after)
      }
      case 'close':
        return to('done', own.intent < 0 ? vault : closed(vault, own.intent), nothing)
      default:
        throw new Error(own.pc)
    }
  }

  function plan(vault: VaultModel, own: Own): Outcome {
    let now = vault
    if (breaks === "another's intent is closed") {
      for (const [number, intent] of vault.intents.entries()) if (intent.by !== by) now = closed(now, number)
    }
    const foreign = vault.intents.findIndex((intent) => intent.isOpen && intent.by !== by)
    if (breaks === "another's intent is taken over" && foreign >= 0) {
      const { files, segments, points } = vault.intents[foreign] as VaultModel['intents'][number]
      return [[now, { ...own, pc: 'read points', intent: foreign, files, segments, points }]]
    }
    const index = indexOf(now)
    const points = expiredIn(now)
    const free = [...numbersIn(index & ~condemnedIn(now))]
    let open = needsIn(now, ~points)
    let kept = 0
    let sparse = 0
    for (const file of options.keepsLast ? free.toReversed() : free) {
      const used = (now.holds[file] as number) & open
      if (used === 0) continue
      open &= ~used
      if (used === now.holds[file]) kept |= bit(file)
      else sparse |= used
    }
    // What only condemned chunk files hold is for those who condemned them to take back.
    for (const file of numbersIn(index & condemnedIn(now))) {
      if (((now.holds[file] as number) & open) !== 0) kept |= bit(file)
    }
    const files = now.files & ~kept
    const segments = compacts ? listSegments(now) : 0
    const remembered = { ...own, files, points, segments, index: compacts ? index : 0 }
    if (sparse === 0) return [[now, { ...remembered, pc: compacts ? 'compact' : 'announce' }]]
    return [[withFile(now, sparse), { ...remembered, pc: 'index merged' }]]
  }

  return { name: `pruner ${by}`, start: startAt(options.resumes === undefined ? 'plan' : 'resume'), step }
}

/** Deletes a point; its window ends; undeletes it, by a clock of its own. */
export function person(point: number, changesMind = false, breaks?: Mutant): ModelActor {
  const step = (vault: VaultModel, own: Own): Outcome => {
    const to = (pc: string, after = vault): Outcome => [[after, { ...own, pc }]]
    switch (own.pc) {
      case 'delete':
        return to('wait', { ...withPoint(vault, point, 'soft'), promised: vault.promised & ~bit(point) })
      case 'wait':
        return to(changesMind ? 'undelete' : 'done', withPoint(vault, point, 'expired'))
      case 'undelete':
        if (vault.points[point]?.state === 'removed') return to('done')
        return to('read intents', withPoint(vault, point, 'confirmed'))
      case 'read intents': {
        const isNamed = vault.intents.some((intent) => intent.isOpen && (intent.points & bit(point)) !== 0)
        const isTooLate = isNamed && breaks !== 'undelete does not look at intents'
        if (isTooLate || vault.points[point]?.state === 'removed') return to('done')
        return to('done', { ...vault, promised: vault.promised | bit(point) })
      }
      default:
        throw new Error(own.pc)
    }
  }
  return { name: 'person', start: startAt('delete'), step }
}

function expiredIn(vault: VaultModel): number {
  return vault.points.reduce((set, { state }, point) => (state === 'expired' ? set | bit(point) : set), 0)
}

/** Blocks that the points in `among` need. */
function needsIn(vault: VaultModel, among: number): number {
  return vault.points.reduce(
    (set, { needs, state }, point) => (state === 'removed' || (among & bit(point)) === 0 ? set : set | needs),
    0,
  )
}

function withoutSegments(vault: VaultModel, segments: number): VaultModel {
  return {
    ...vault,
    segments: vault.segments.map((segment, number) =>
      (segments & bit(number)) !== 0 ? { ...segment, isDeleted: true } : segment,
    ),
  }
}

function closed(vault: VaultModel, number: number): VaultModel {
  const intent = vault.intents[number] as VaultModel['intents'][number]
  return { ...vault, intents: vault.intents.with(number, { ...intent, isOpen: false }) }
}
