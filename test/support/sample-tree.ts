/** A small source folder in which every feature of the format occurs: for golden vaults and the independent reader. */
import { appendFileSync, linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { nameHash } from '../../agent-core/format/paged-list.ts'
import { directoryLeafBits } from '../../agent-core/format/tree.ts'
import { makeNode, setTimes, setXattr } from '../../agent-core/platform/posix.ts'

const grainBytes = 64 * 1024
const imageBlocks = 88

/** Fills `folder` (made here) with the first state. Throws where the file system keeps no extended attributes. */
export function makeSampleTree(folder: string): void {
  const at = (...names: readonly string[]) => join(folder, ...names)
  mkdirSync(folder, { mode: 0o755 })
  writeFileSync(at('empty'), '')
  writeFileSync(at('one byte'), 'x')
  writeFileSync(at('long text.txt'), longText(40_000))
  writeFileSync(at('disk.qcow2'), diskImage())
  truncateSync(at('disk.qcow2'), imageBlocks * grainBytes + 3 * grainBytes + 100)
  writeFileSync(at('small'), 'a small file\n', { mode: 0o640 })
  linkSync(at('small'), at('small, second name'))
  symlinkSync('no such place', at('link'))
  makeNode(at('pipe'), 0o010600)
  writeFileSync(Buffer.concat([Buffer.from(at('raw ')), Buffer.of(0xff, 0xfe, 0x0a)]), 'a name that is no text\n')
  writeFileSync(at('attributes'), 'with an attribute\n')
  setXattr(at('attributes'), 'user.tharsis', Buffer.from([0, 1, 2, 0xff]))
  mkdirSync(at('empty folder'))
  mkdirSync(at('large folder'), { mode: 0o750 })
  for (const name of largeFolderNames()) writeFileSync(at('large folder', name), '')
  setTimes(at('one byte'), { sec: 0, ns: 0 }, { sec: -1, ns: 999_999_999 })
  setTimes(at('small'), { sec: 1, ns: 1 }, { sec: 1_700_000_000, ns: 123_456_789 })
}

/** Turns the first state into the second: appended, overwritten in place, renamed, removed, new. */
export async function changeSampleTree(folder: string): Promise<void> {
  const at = (...names: readonly string[]) => join(folder, ...names)
  appendFileSync(at('long text.txt'), 'a line that was added later\n')
  const image = await open(at('disk.qcow2'), 'r+')
  try {
    await image.write(Buffer.alloc(grainBytes, 0x5a), 0, grainBytes, 40 * grainBytes)
  } finally {
    await image.close()
  }
  rmSync(at('one byte'))
  writeFileSync(at('large folder', 'a new entry'), 'new\n')
}

/** Text whose lines all differ, so that it is cut like any text, and which shrinks well. */
export function longText(lines: number): string {
  return Array.from(
    { length: lines },
    (_, index) => `This is line ${index} of a text that is long enough to be cut into blocks.\n`,
  ).join('')
}

/** Begins like a virtual disk; more than 64 parts, runs of zeros among them. */
function diskImage(): Buffer {
  const image = Buffer.alloc(imageBlocks * grainBytes)
  for (let block = 0; block < imageBlocks; block++) {
    if (block % 11 !== 10) image.fill(`block ${block} `, block * grainBytes, (block + 1) * grainBytes)
  }
  image.set(Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'))
  return image
}

/** 160 names; a page of the directory ends behind every 40th, wherever it began. */
function largeFolderNames(): string[] {
  const isBorder = (name: string) => nameHash(Buffer.from(name)) % 2 ** directoryLeafBits === 0
  return Array.from({ length: 160 }, (_, index) => {
    const wantsBorder = index % 40 === 39
    for (let attempt = 0; ; attempt++) {
      const name = `entry ${String(index).padStart(3, '0')} ${attempt}`
      if (isBorder(name) === wantsBorder) return name
    }
  })
}
