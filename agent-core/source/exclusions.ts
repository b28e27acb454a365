/**
 * Which files and folders of an item stay out of its backups, and why. The defaults come first, then the
 * item's own patterns; the last one that matches decides, so that an item can take a default back.
 */
import { asBuffer } from '../base/bytes.ts'
import {
  defaultExclusionTable,
  noDumpReason,
  noDumpRule,
  taggedCacheReason,
  taggedCacheRule,
} from './default-exclusions.ts'
import { compileExclusionPattern, type ExclusionPattern } from './exclusion-pattern.ts'

export interface Exclusion {
  /** The pattern that decided, as it was written. */
  readonly rule: string
  readonly origin: 'default' | 'item'
  /** Why, as the end of "left out because …". */
  readonly reason: string
  /**
   * Only what is in the folder stays out; the folder itself is recorded with its metadata, so that a restored
   * system finds its mount points and caches where they were. Never true for files and for an item's own patterns.
   */
  readonly keepsFolder: boolean
}

export interface ExclusionOptions {
  /** The item's own patterns, in their order. */
  readonly patterns: readonly string[]
  readonly useDefaults: boolean
  readonly platform: NodeJS.Platform
}

export interface Exclusions {
  /**
   * Why an entry stays out, or undefined. `path`: absolute, raw bytes; `relative`: below the protected
   * folder, `/` between components, bytes that are not UTF-8 replaced. A folder that stays out is not
   * looked into, so nothing below it can be taken back. The protected folder itself is never asked about.
   */
  readonly explain: (path: Uint8Array, relative: string, isFolder: boolean) => Exclusion | undefined
  /** False where no rule speaks of an entry of that name, wherever it lies: `explain` need not be asked. */
  readonly speaksOf: (name: string) => boolean
  /**
   * Why the content of a folder that `explain` lets in stays out: it is a tagged cache. `names` are those of its
   * entries; `readFirstBytes` reads that many first bytes of its entry `CACHEDIR.TAG` without following a link.
   */
  readonly explainContent: (
    path: Uint8Array,
    relative: string,
    names: Iterable<Uint8Array>,
    readFirstBytes: (sizeBytes: number) => Uint8Array,
  ) => Exclusion | undefined
  /** Why an entry that `explain` lets in stays out: `isNoDump` finds the flag (platform/posix). */
  readonly explainFlags: (
    path: Uint8Array,
    relative: string,
    isFolder: boolean,
    isNoDump: () => boolean,
  ) => Exclusion | undefined
}

interface Rule extends ExclusionPattern {
  readonly order: number
  readonly exclusion: Exclusion
}

/** Compiles an item's exclusions; throws `usage.invalid` for a pattern that cannot mean anything. */
export function createExclusions(options: ExclusionOptions): Exclusions {
  const { useDefaults, platform } = options
  const index = new RuleIndex(compileRules(options), platform)
  const flagged = (rule: string, reason: string, keepsFolder: boolean): Exclusion => ({
    rule,
    origin: 'default',
    reason,
    keepsFolder,
  })
  const isOpen = (path: Uint8Array, relative: string, isFolder: boolean) =>
    useDefaults && index.decide(path, relative, isFolder) === undefined
  return {
    explain: (path, relative, isFolder) => {
      const rule = index.decide(path, relative, isFolder)
      return rule === undefined || rule.takesBack ? undefined : rule.exclusion
    },
    speaksOf: (name) => index.hasRuleFor(name),
    explainContent: (path, relative, names, readFirstBytes) => {
      if (!useDefaults || !isTaggedCache(names, readFirstBytes) || !isOpen(path, relative, true)) return undefined
      return flagged(taggedCacheRule, taggedCacheReason, true)
    },
    explainFlags: (path, relative, isFolder, isNoDump) =>
      isOpen(path, relative, isFolder) && isNoDump() ? flagged(noDumpRule, noDumpReason, isFolder) : undefined,
  }
}

const tagName = Buffer.from(taggedCacheRule)
/** Cache Directory Tagging Specification (bford.info/cachedir): the first 43 bytes of the tag. */
const tagSignature = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55')

/** True when one of a folder's `names` is CACHEDIR.TAG and that file begins with the signature. */
export function isTaggedCache(names: Iterable<Uint8Array>, readFirstBytes: (sizeBytes: number) => Uint8Array): boolean {
  for (const name of names) {
    if (name.length === tagName.length && tagName.equals(name)) {
      return asBuffer(readFirstBytes(tagSignature.length)).subarray(0, tagSignature.length).equals(tagSignature)
    }
  }
  return false
}

function compileRules({ patterns, useDefaults, platform }: ExclusionOptions): Rule[] {
  const ignoresCase = platform === 'win32' || platform === 'darwin'
  const defaults = useDefaults
    ? defaultExclusionTable.filter((row) => row.platform === undefined || row.platform === platform)
    : []
  const rules: Rule[] = []
  for (const { rule, reason } of defaults) {
    const pattern = compileExclusionPattern(rule, ignoresCase)
    const exclusion: Exclusion = { rule, origin: 'default', reason, keepsFolder: pattern.foldersOnly }
    rules.push({ ...pattern, order: rules.length, exclusion })
  }
  for (const rule of patterns) {
    const exclusion: Exclusion = { rule, origin: 'item', reason: "the item's exclusions name it", keepsFolder: false }
    rules.push({ ...compileExclusionPattern(rule, ignoresCase), order: rules.length, exclusion })
  }
  return rules
}

/**
 * Finds the last rule that matches. Nearly every entry is asked about and nearly none excluded, so an
 * entry whose name no rule ends with costs one look-up in a map and the few rules that end with a wildcard.
 */
class RuleIndex {
  readonly #byName = new Map<string, Rule[]>()
  /** Rules whose last component is a wildcard, the last first. */
  readonly #others: readonly Rule[]
  readonly #platform: NodeJS.Platform
  readonly #ignoresCase: boolean

  constructor(rules: readonly Rule[], platform: NodeJS.Platform) {
    this.#platform = platform
    this.#ignoresCase = platform === 'win32' || platform === 'darwin'
    const lastFirst = rules.toReversed()
    this.#others = lastFirst.filter((rule) => rule.lastName === undefined)
    for (const rule of lastFirst) {
      if (rule.lastName === undefined) continue
      const key = this.#keyOf(rule.lastName)
      const group = this.#byName.get(key)
      if (group) group.push(rule)
      else this.#byName.set(key, [rule])
    }
  }

  decide(path: Uint8Array, relative: string, isFolder: boolean): Rule | undefined {
    const entry = new AskedEntry(path, relative, isFolder, this.#platform)
    const named = this.#byName.get(this.#keyOf(entry.name))?.find((rule) => entry.isMatchedBy(rule))
    const other = this.#others.find(
      (rule) => (named === undefined || rule.order > named.order) && entry.isMatchedBy(rule),
    )
    return other ?? named
  }

  /** False where `decide` finds nothing for any entry of that name. */
  hasRuleFor(name: string): boolean {
    return (
      this.#byName.has(this.#keyOf(name)) || this.#others.some((rule) => rule.tied !== 'nowhere' || rule.matches(name))
    )
  }

  #keyOf(name: string): string {
    return this.#ignoresCase ? name.toLowerCase() : name
  }
}

class AskedEntry {
  readonly name: string
  readonly #path: Uint8Array
  readonly #relative: string
  readonly #isFolder: boolean
  readonly #platform: NodeJS.Platform
  #absolute: string | undefined

  constructor(path: Uint8Array, relative: string, isFolder: boolean, platform: NodeJS.Platform) {
    this.name = relative.slice(relative.lastIndexOf('/') + 1)
    this.#path = path
    this.#relative = relative
    this.#isFolder = isFolder
    this.#platform = platform
  }

  isMatchedBy(rule: Rule): boolean {
    if (rule.foldersOnly && !this.#isFolder) return false
    // A default that names a file means a file; an item's pattern means both, as in gitignore.
    if (rule.exclusion.origin === 'default' && rule.foldersOnly !== this.#isFolder) return false
    if (rule.tied === 'nowhere') return rule.matches(this.name)
    // Defaults speak of places of the system, wherever the protected folder lies.
    if (rule.exclusion.origin === 'default') return rule.matches(this.#absolutePath())
    if (rule.matches(this.#relative)) return true
    // Whoever writes `/home/ann/build` means that path, and `/build` the one in the protected folder.
    return rule.tied === 'root' && rule.matches(this.#absolutePath())
  }

  /** Without leading `/`, decoded only when a rule asks: that is rare. */
  #absolutePath(): string {
    if (this.#absolute === undefined) {
      const text = asBuffer(this.#path).toString('utf8')
      this.#absolute = (this.#platform === 'win32' ? text.replaceAll('\\', '/') : text).replace(/^\/+/, '')
    }
    return this.#absolute
  }
}
