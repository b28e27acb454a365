import { readdirSync } from 'node:fs'
import { dirname, join, relative as relativePath } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AgentError } from '../base/agent-error.ts'
import { listDefaultExclusions } from './default-exclusions.ts'
import { createExclusions, type Exclusions, isTaggedCache } from './exclusions.ts'

const repository = dirname(dirname(import.meta.dirname))
const defaults = createExclusions({ patterns: [], useDefaults: true, platform: 'linux' })

function own(...patterns: readonly string[]): Exclusions {
  return createExclusions({ patterns, useDefaults: false, platform: 'linux' })
}

/** The rule that keeps `path` of the protected folder `folder` out; a `/` at the end marks a folder. */
function ruleFor(exclusions: Exclusions, path: string, folder = '/data'): string | undefined {
  const relative = path.replace(/\/$/, '')
  return exclusions.explain(Buffer.from(join(folder, relative)), relative, path.endsWith('/'))?.rule
}

describe("an item's patterns", () => {
  test.each<[pattern: string, path: string, isOut: boolean]>([
    ['*.tmp', 'a.tmp', true],
    ['*.tmp', 'deep/er/a.tmp', true],
    ['*.tmp', 'a.tmp.txt', false],
    ['*.tmp', '.tmp', true],
    ['cache/', 'a/cache/', true],
    ['cache/', 'a/cache', false],
    ['cache', 'a/cache', true],
    ['/build', 'build/', true],
    ['/build', 'a/build/', false],
    ['/build/*.o', 'build/a.o', true],
    ['/build/*.o', 'build/b/a.o', false],
    ['build/out', 'build/out', true],
    ['build/out', 'a/build/out', false],
    ['**/out', 'out', true],
    ['**/out', 'a/b/out', true],
    ['build/**', 'build/a/b', true],
    ['build/**', 'build/', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['*', '.hidden', true],
    ['?.txt', 'é.txt', true],
    ['[abc].txt', 'b.txt', true],
    ['[!abc].txt', 'b.txt', false],
    ['[!abc].txt', 'd.txt', true],
    ['*.{iso,img}', 'x.img', true],
    ['Report (1).pdf', 'Report (1).pdf', true],
    ['Report (*).pdf', 'Report (12).pdf', true],
    ['a+b|c$*', 'a+b|c$!', true],
    ['#recycle/', '#recycle/', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\!important', '!important', true],
    ['line*', 'line\nbreak', true],
    ['*.iso', 'UPPER.ISO', false],
    ['/data/x/y', 'x/y', true],
    ['/other/x/y', 'x/y', false],
  ])('%s and %s: %s', (pattern, path, isOut) => {
    expect(ruleFor(own(pattern), path)).toBe(isOut ? pattern : undefined)
  })

  test('the last one that matches decides, and ! takes back', () => {
    const exclusions = own('*.tmp', '!keep.tmp', '/secret/keep.tmp')
    expect(ruleFor(exclusions, 'a.tmp')).toBe('*.tmp')
    expect(ruleFor(exclusions, 'keep.tmp')).toBeUndefined()
    expect(ruleFor(exclusions, 'secret/keep.tmp')).toBe('/secret/keep.tmp')
    expect(ruleFor(own('!keep.tmp', '*.tmp'), 'keep.tmp')).toBe('*.tmp')
  })

  test('an exclusion says who asked for it', () => {
    expect(own('cache/').explain(Buffer.from('/data/cache'), 'cache', true)).toEqual({
      rule: 'cache/',
      origin: 'item',
      reason: "the item's exclusions name it",
      keepsFolder: false,
    })
  })

  test('letters count on Linux and not on Windows and macOS', () => {
    for (const platform of ['win32', 'darwin'] as const) {
      const exclusions = createExclusions({ patterns: ['*.iso', 'Build/'], useDefaults: false, platform })
      expect(ruleFor(exclusions, 'A.ISO')).toBe('*.iso')
      expect(ruleFor(exclusions, 'build/')).toBe('Build/')
    }
  })

  test.each(['', '!', '/', '!/', '//', 'a//b', '../x', 'a/./b', '[a', 'x{a,b', 'a\0b', 'a\\', 'x'.repeat(5000)])(
    '%j is refused with advice',
    (pattern) => {
      try {
        own(pattern)
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(AgentError)
        expect((error as AgentError).code).toBe('usage.invalid')
        expect((error as AgentError).advice.length).toBeGreaterThan(10)
      }
    },
  )

  test('any pattern either compiles or is refused, and then answers', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'ab.*?[]{}!,/\\()|+$^-'.split('')), maxLength: 12 })
    fc.assert(
      fc.property(letters, fc.string({ maxLength: 20 }), (pattern, name) => {
        try {
          expect(ruleFor(own(pattern), `a/${name.replaceAll('/', '_')}x`)).toSatisfy(
            (rule) => rule === undefined || rule === pattern,
          )
        } catch (error) {
          if (!(error instanceof AgentError)) throw error
          expect(error.code).toBe('usage.invalid')
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a name that no rule speaks of is never left out', () => {
    const patterns = ['ab', '*b', 'a/b', '/a/*b', 'b/', '!ab', '**/a', '?', '[ab]', 'b*a', '/data/a'] as const
    const names = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    })
    let free = 0
    fc.assert(
      fc.property(fc.subarray([...patterns]), names, fc.boolean(), (chosen, path, isFolder) => {
        const exclusions = own(...chosen)
        if (exclusions.speaksOf(path.at(-1) ?? '')) return
        free++
        expect(ruleFor(exclusions, `${path.join('/')}${isFolder ? '/' : ''}`)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
    expect(free).toBeGreaterThan(100)
  })

  test('stars take as much or as little as it needs', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 8 }),
        letters,
        (pattern, name) => {
          const expression = new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`)
          expect(ruleFor(own(pattern), `folder/${name}`)).toBe(expression.test(name) ? pattern : undefined)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('many stars on a long name end at once, or are refused', () => {
    expect(ruleFor(own('*a*a*a*a*a*a*a*a*a*b'), 'a'.repeat(255))).toBeUndefined()
    expect(() => own('/x/*?*?*?*?*?b')).toThrow(/too many stars/)
    expect(() => own('**/a/**/a/**/a/**/a/**/b')).toThrow(/too many stars/)
  })

  test('plain names match themselves and nothing else', () => {
    const name = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[*?[\]{}\\/\0]|^!|^\.\.?$/.test(text))
    fc.assert(
      fc.property(name, name, (pattern, other) => {
        expect(ruleFor(own(pattern), `folder/${pattern}`)).toBe(pattern)
        expect(ruleFor(own(pattern), `folder/${other}`)).toBe(other === pattern ? pattern : undefined)
      }),
    )
  })
})

describe('the defaults', () => {
  test.each<[folder: string, path: string]>([
    ['/home/ann', '.local/share/Trash/'],
    ['/media/stick', '.Trash-1000/'],
    ['/media/stick', '$RECYCLE.BIN/'],
    ['/media/stick', 'System Volume Information/'],
    ['/home/ann', '.cache/'],
    ['/home', 'ann/.cache/'],
    ['/', 'home/ann/.cache/'],
    ['/mnt/old-disk', 'home/ann/.cache/'],
    ['/root', '.cache/'],
    ['/home/ann', '.config/Code/Code Cache/'],
    ['/home/ann', '.config/google-chrome/Default/GPUCache/'],
    ['/mnt/windows', 'pagefile.sys'],
    ['/', 'swapfile'],
    ['/', 'proc/'],
    ['/', 'tmp/'],
    ['/srv', 'lost+found/'],
    ['/srv', 'letters/.~lock.letter.odt#'],
    ['/srv', 'letters/~$letter.docx'],
  ])('leave out %s, %s', (folder, path) => {
    expect(ruleFor(defaults, path, folder)).toBeDefined()
  })

  test.each<[folder: string, path: string]>([
    ['/srv/www', 'proc/'],
    ['/srv/www', 'tmp/'],
    ['/srv/www/node_modules', '.cache/'],
    ['/srv/www', 'node_modules/.cache/'],
    ['/srv', 'swapfile'],
    ['/srv', 'pagefile.sys/'],
    ['/srv', 'report.tmp'],
    ['/srv', '.letter.txt.swp'],
    ['/srv', 'lib/__pycache__/'],
    ['/srv', 'cache/'],
    ['/srv', 'Trash/'],
    ['/srv', '~$notes.txt'],
    ['/srv', 'lost+found'],
    ['/usr/share/doc', 'xdg-user-dirs/'],
    ['/etc', 'tmpfiles.d/'],
  ])('leave in %s, %s', (folder, path) => {
    expect(ruleFor(defaults, path, folder)).toBeUndefined()
  })

  test('keep the folder and leave out its content', () => {
    expect(defaults.explain(Buffer.from('/proc'), 'proc', true)).toEqual({
      rule: '/proc/',
      origin: 'default',
      reason: 'the running system makes it up; it is not stored anywhere',
      keepsFolder: true,
    })
  })

  test('can be taken back one by one, and all together', () => {
    const patterns = ['!.cache/', '!/proc/', '*.iso']
    const changed = createExclusions({ patterns, useDefaults: true, platform: 'linux' })
    expect(ruleFor(changed, '.cache/', '/home/ann')).toBeUndefined()
    expect(ruleFor(changed, 'proc/', '/')).toBeUndefined()
    expect(ruleFor(changed, 'sys/', '/')).toBe('/sys/')
    expect(ruleFor(own(), '.cache/', '/home/ann')).toBeUndefined()
  })

  test('are listed with a reason each, and compile on every platform', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const list = listDefaultExclusions(platform)
      expect(list.length).toBeGreaterThan(20)
      expect(list.every((row) => row.rule !== '' && row.reason !== '')).toBe(true)
      expect(list.map((row) => row.rule)).toEqual(expect.arrayContaining(['CACHEDIR.TAG', 'nodump']))
      expect(createExclusions({ patterns: [], useDefaults: true, platform })).toBeDefined()
    }
    const foreign = listDefaultExclusions('win32').filter((row) => row.platform === 'linux')
    expect(foreign).toEqual([])
  })

  test('leave nothing out of an installed tree', () => {
    const tree = join(repository, 'node_modules')
    let seen = 0
    const out: string[] = []
    const walk = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        // The runner of this test writes there.
        if (folder === tree && entry.name.startsWith('.vite')) continue
        const path = join(folder, entry.name)
        seen++
        const exclusion = defaults.explain(Buffer.from(path), relativePath(tree, path), entry.isDirectory())
        if (exclusion !== undefined) out.push(path)
        if (entry.isDirectory()) walk(path)
      }
    }
    walk(tree)
    expect(seen).toBeGreaterThan(1000)
    expect(out).toEqual([])
  })

  test('a name that is not UTF-8 is asked about like any other', () => {
    const path = Buffer.concat([Buffer.from('/folder/'), Buffer.from([0xff, 0xfe]), Buffer.from('/.cache')])
    expect(defaults.explain(path, '\ufffd\ufffd/.cache', true)).toBeUndefined()
    expect(own('*.txt').explain(path, '\ufffd.txt', false)?.rule).toBe('*.txt')
  })
})

describe('folders and files that say themselves that they need no backup', () => {
  const tag = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55\n# a cache')
  const names = [Buffer.from('index'), Buffer.from('CACHEDIR.TAG')]
  const path = Buffer.from('/folder/project/.pip')
  const read = (sizeBytes: number) => tag.subarray(0, sizeBytes)

  test('a tagged cache keeps its folder only', () => {
    expect(defaults.explainContent(path, 'project/.pip', names, read)).toMatchObject({
      rule: 'CACHEDIR.TAG',
      keepsFolder: true,
    })
    expect(own().explainContent(path, 'project/.pip', names, read)).toBeUndefined()
    const takenBack = createExclusions({ patterns: ['!.pip/'], useDefaults: true, platform: 'linux' })
    expect(takenBack.explainContent(path, 'project/.pip', names, read)).toBeUndefined()
  })

  test('the tag counts only with its name and its signature', () => {
    expect(isTaggedCache(names, read)).toBe(true)
    expect(isTaggedCache([Buffer.from('cachedir.tag'), Buffer.from('CACHEDIR.TAGS')], read)).toBe(false)
    expect(isTaggedCache(names, () => Buffer.from('Signature: 8a477f597d28d172789f06886806bc56'))).toBe(false)
    expect(isTaggedCache(names, () => Buffer.from('Signature:'))).toBe(false)
    expect(isTaggedCache(names, () => new Uint8Array(tag))).toBe(true)
  })

  test('the nodump flag keeps files and the content of folders out', () => {
    expect(defaults.explainFlags(path, 'project/.pip', true, () => true)).toMatchObject({
      rule: 'nodump',
      keepsFolder: true,
    })
    expect(defaults.explainFlags(path, 'project/.pip', false, () => true)).toMatchObject({
      rule: 'nodump',
      keepsFolder: false,
    })
    expect(defaults.explainFlags(path, 'project/.pip', false, () => false)).toBeUndefined()
    expect(own().explainFlags(path, 'project/.pip', false, () => true)).toBeUndefined()
  })
})
