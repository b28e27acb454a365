/**
 * One exclusion pattern in the style of gitignore(5): a name matches at any depth, a `/` in front of
 * or inside the pattern ties it to the protected folder, a `/` at its end means folders only, `!` in
 * front takes back. Different from gitignore: `#` is an ordinary letter, blanks count, `{a,b}` means either.
 */
import picomatch from 'picomatch'
import { AgentError } from '../base/agent-error.ts'

export interface ExclusionPattern {
  /** As it was written. */
  readonly text: string
  /** `!`: what it matches is backed up after all. */
  readonly takesBack: boolean
  readonly foldersOnly: boolean
  /** The pattern says where, not only what: `below` the protected folder, or its `/` is the system's root too. */
  readonly tied: 'nowhere' | 'below' | 'root'
  /** The last component of what it matches, where that is plain text. */
  readonly lastName: string | undefined
  /** Whether it matches a name (tied nowhere) or a path without leading `/`. */
  readonly matches: (nameOrPath: string) => boolean
}

const maxPatternLength = 4096
/** A regular expression tries every way to share a path among its stars: with more of them that takes minutes. */
const maxStars = 4
const wildcard = /[*?[\]{}\\]/

/** Compiles `text`; throws `usage.invalid` with advice when it cannot mean anything. */
export function compileExclusionPattern(text: string, ignoresCase: boolean): ExclusionPattern {
  const takesBack = text.startsWith('!')
  const written = takesBack ? text.slice(1) : text
  const body = written.startsWith('/') ? written.slice(1) : written
  const foldersOnly = body.endsWith('/') && !body.endsWith('\\/')
  const glob = foldersOnly ? body.slice(0, -1) : body
  ensureSound(text, glob)
  const tied = written.startsWith('/') ? 'root' : glob.includes('/') ? 'below' : 'nowhere'
  const last = glob.slice(glob.lastIndexOf('/') + 1)
  const lastName = wildcard.test(last) ? undefined : last
  return { text, takesBack, foldersOnly, tied, lastName, matches: matcherOf(text, glob, ignoresCase) }
}

function matcherOf(text: string, glob: string, ignoresCase: boolean): (nameOrPath: string) => boolean {
  if (!wildcard.test(glob)) {
    if (!ignoresCase) return (nameOrPath) => nameOrPath === glob
    const lower = glob.toLowerCase()
    return (nameOrPath) => nameOrPath.toLowerCase() === lower
  }
  if (!glob.includes('/') && !wildcard.test(glob.replaceAll('*', ''))) {
    const matches = starMatcher(ignoresCase ? glob.toLowerCase() : glob)
    return ignoresCase ? (name) => matches(name.toLowerCase()) : matches
  }
  if ((glob.match(/\*+/g)?.length ?? 0) > maxStars) {
    const advice = `Use at most ${maxStars} stars, or split it into several exclusions.`
    throw new AgentError('usage.invalid', { problem: `The exclusion "${text}" has too many stars.`, advice })
  }
  const expression = expressionOf(text, glob, ignoresCase)
  const prefix = glob.slice(0, glob.search(wildcard))
  if (!ignoresCase && prefix !== '') return (nameOrPath) => nameOrPath.startsWith(prefix) && expression.test(nameOrPath)
  return (nameOrPath) => expression.test(nameOrPath)
}

/** Stars and plain text, the commonest kind: in time linear in the name, which a regular expression is not. */
function starMatcher(glob: string): (name: string) => boolean {
  const pieces = glob.split('*')
  const [first = '', last = ''] = [pieces.at(0), pieces.at(-1)]
  const between = pieces.slice(1, -1).filter((piece) => piece !== '')
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
    let at = first.length
    for (const piece of between) {
      const found = name.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= name.length - last.length
  }
}

function expressionOf(text: string, glob: string, ignoresCase: boolean): RegExp {
  // `a/**` means all that is in `a`, not `a` itself, as gitignore has it.
  const everythingBelow = glob.endsWith('/**') ? `${glob.slice(0, -3)}/**/*` : glob
  try {
    return picomatch.makeRe(quoteExtensions(everythingBelow), {
      dot: true,
      nocase: ignoresCase,
      noextglob: true,
      nonegate: true,
      strictBrackets: true,
      maxLength: maxPatternLength * 2,
    })
  } catch (cause) {
    const problem = `The exclusion "${text}" cannot be understood.`
    throw new AgentError('usage.invalid', { problem, advice: bracketAdvice }, cause)
  }
}

const bracketAdvice =
  'Every [ needs its ] and every { its }; put a backslash before one that belongs to the name, as in "\\[1].txt".'

/** Letters that are special to picomatch and to nobody who writes an exclusion are quoted, but not inside `[…]`. */
function quoteExtensions(glob: string): string {
  return glob.replace(/\\.|\[[!^]?\]?[^\]]*\]|[()|+@!^$~]/gsu, (token) => {
    if (token.length > 1) return token.startsWith('[!') ? `[^${token.slice(2)}` : token
    return `\\${token}`
  })
}

function ensureSound(text: string, glob: string): void {
  const fail = (what: string, advice: string): never => {
    throw new AgentError('usage.invalid', { problem: `The exclusion "${text}" ${what}.`, advice })
  }
  if (glob === '' && text.includes('/')) fail('would exclude everything', 'Leave out the folder from the item instead.')
  if (glob === '') fail('is empty', 'Give a name, a pattern such as "*.iso", or a path such as "/build".')
  if (text.length > maxPatternLength) fail('is too long', `Give at most ${maxPatternLength} characters.`)
  if (text.includes('\0')) fail('contains a NUL character', 'No file has such a name; leave it out.')
  if (/(^|[^\\])(\\\\)*\\$/.test(glob)) {
    fail('ends with a backslash', 'Write two where the name has one; folders are separated by "/".')
  }
  const components = glob.split('/')
  if (components.includes('..') || components.includes('.')) {
    fail('contains "." or ".."', 'Give the path below the protected folder, such as "/build/out".')
  }
  if (components.includes('')) fail('has two slashes in a row', 'Write one slash between folders.')
}
