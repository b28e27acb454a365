/** Random changes in a folder tree: everything that people and programs do to files, the same for the same seed. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setXattr } from '../../agent-core/platform/posix.ts'

export interface RandomChanges {
  /** Makes `count` changes; their names, for the message of a test that fails. */
  change(count: number): string[]
}

/**
 * `root`: the tree; `outside`: a folder on the same file system that is no part of it; `content` of a file that is written,
 * by a number that is new each time: text if not given.
 */
export function createRandomChanges(
  root: string,
  outside: string,
  random: () => number,
  content: (number: number) => string | Buffer = (number) => `${number} `.repeat(1 + Math.floor(random() * 400)),
): RandomChanges {
  let made = 0
  const fresh = () => `new-${made++}`
  const pick = <Value>(values: readonly Value[]): Value | undefined => values[Math.floor(random() * values.length)]
  const list = () => {
    const folders: string[] = []
    const files: string[] = []
    const visit = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) {
          folders.push(path)
          visit(path)
        } else if (entry.isFile()) files.push(path)
      }
    }
    visit(root)
    return { folders, files }
  }
  const nextContent = () => content(made++)
  const onFile = (change: (file: string) => void) => (tree: ReturnType<typeof list>) => {
    const file = pick(tree.files)
    if (file !== undefined) change(file)
  }
  const onFolder = (change: (folder: string, all: readonly string[]) => void) => (tree: ReturnType<typeof list>) => {
    const folder = pick(tree.folders)
    if (folder !== undefined) change(folder, [root, ...tree.folders])
  }
  const isApart = (a: string, b: string) => a !== b && !a.startsWith(`${b}/`) && !b.startsWith(`${a}/`)

  const changes: Record<string, (tree: ReturnType<typeof list>) => void> = {
    make: ({ folders }) => writeFileSync(join(pick([root, ...folders]) ?? root, fresh()), nextContent()),
    write: onFile((file) => writeFileSync(file, nextContent())),
    append: onFile((file) => appendFileSync(file, 'more')),
    cut: onFile((file) => truncateSync(file, 1)),
    remove: onFile((file) => rmSync(file)),
    rename: onFile((file) => renameSync(file, join(dirname(file), fresh()))),
    replace: onFile((file) => {
      const next = join(dirname(file), fresh())
      writeFileSync(next, nextContent())
      renameSync(next, file)
    }),
    'set mode': onFile((file) => chmodSync(file, random() < 0.5 ? 0o600 : 0o644)),
    'set time': onFile((file) => utimesSync(file, 1000, Math.floor(random() * 1e9))),
    'set attribute': onFile((file) => setXattr(file, 'user.note', Buffer.from(`${made++}`))),
    link: ({ folders, files }) => {
      const file = pick(files)
      if (file !== undefined) linkSync(file, join(pick([root, ...folders]) ?? root, fresh()))
    },
    symlink: ({ folders }) => symlinkSync('nowhere', join(pick([root, ...folders]) ?? root, fresh())),
    'make nested folders': ({ folders }) => {
      const folder = join(pick([root, ...folders]) ?? root, fresh(), 'a', 'b')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'file'), nextContent())
      writeFileSync(join(dirname(folder), 'file'), nextContent())
    },
    'move folder': onFolder((folder, all) => {
      const target = pick(all.filter((each) => isApart(each, folder)))
      if (target !== undefined) renameSync(folder, join(target, fresh()))
    }),
    'rename folder': onFolder((folder) => renameSync(folder, join(dirname(folder), fresh()))),
    'remove folder': onFolder((folder) => rmSync(folder, { recursive: true })),
    'set mode of folder': onFolder((folder) => chmodSync(folder, random() < 0.5 ? 0o700 : 0o755)),
    'swap folders': onFolder((folder, all) => {
      const other = pick(all.filter((each) => each !== root && isApart(each, folder)))
      if (other === undefined) return
      const between = join(outside, fresh())
      renameSync(folder, between)
      renameSync(other, folder)
      renameSync(between, other)
    }),
    'change a folder outside': onFolder((folder) => {
      const away = join(outside, fresh())
      renameSync(folder, away)
      const below = join(away, fresh())
      mkdirSync(below)
      writeFileSync(join(below, 'while outside'), nextContent())
      renameSync(away, folder)
    }),
    'file becomes folder': onFile((file) => {
      rmSync(file)
      mkdirSync(file)
      writeFileSync(join(file, 'inside'), nextContent())
    }),
    'folder becomes file': onFolder((folder) => {
      rmSync(folder, { recursive: true })
      writeFileSync(folder, nextContent())
    }),
  }
  const names = Object.keys(changes)
  return {
    change: (count) =>
      Array.from({ length: count }, () => {
        const name = pick(names) ?? 'make'
        changes[name]?.(list())
        return name
      }),
  }
}

/** A tree to begin with: `width` folders in each of three levels, with some files each. */
export function makeTree(root: string, width = 4): void {
  const fill = (folder: string, depth: number): void => {
    for (let index = 0; index < 4; index++) writeFileSync(join(folder, `file ${index}`), `${folder} ${index}`)
    if (depth === 3) return
    for (let index = 0; index < width; index++) {
      const below = join(folder, `folder ${index}`)
      mkdirSync(below)
      fill(below, depth + 1)
    }
  }
  fill(root, 0)
}
