import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inPlaceProbeSizeBytes, isRewrittenInPlace } from './in-place.ts'
import { wholeFileSizeBytes } from './split-content.ts'

const mebibyte = 1024 ** 2
const ordinary = Buffer.from('An ordinary text. '.repeat(300)).subarray(0, inPlaceProbeSizeBytes)

function firstBytes(...pieces: readonly (readonly [at: number, bytes: string])[]): Buffer {
  const bytes = Buffer.alloc(inPlaceProbeSizeBytes)
  for (const [at, piece] of pieces) bytes.write(piece, at, 'latin1')
  return bytes
}

function bootRecord(
  ...partitions: readonly { state?: number; type: number; first: number; sectors: number }[]
): Buffer {
  const bytes = firstBytes([510, '\x55\xaa'])
  for (const [index, { state = 0, type, first, sectors }] of partitions.entries()) {
    const at = 446 + index * 16
    bytes[at] = state
    bytes[at + 4] = type
    bytes.writeUInt32LE(first, at + 8)
    bytes.writeUInt32LE(sectors, at + 12)
  }
  return bytes
}

function reasonOf(bytes: Uint8Array, name: string, sizeBytes: number): string | undefined {
  return isRewrittenInPlace(bytes, Buffer.from(name), sizeBytes)
}

test('a SQLite file is known by its bytes, whatever its name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'in-place-'))
  try {
    const path = join(folder, 'places')
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE t (x)')
    database.close()
    expect(reasonOf(readFileSync(path), 'places', mebibyte)).toBe('SQLite database')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  ['virtual disk (qcow)', firstBytes([0, 'QFI\xfb\0\0\0\x03'])],
  ['virtual disk (VHDX)', firstBytes([0, 'vhdxfile'])],
  ['virtual disk (VHD)', firstBytes([0, 'conectix'])],
  ['virtual disk (VMDK)', firstBytes([0, 'KDMV\x01'])],
  ['virtual disk (VDI)', firstBytes([0, '<<< Oracle VM VirtualBox Disk Image >>>\n'], [0x40, '\x7f\x10\xda\xbe'])],
  ['disk image (GPT)', firstBytes([510, '\x55\xaa'], [512, 'EFI PART'])],
  ['image of an ext file system', firstBytes([1080, '\x53\xef\x01\0'])],
  ['image of an NTFS file system', firstBytes([0, '\xeb\x52\x90NTFS    '], [510, '\x55\xaa'])],
  ['encrypted disk image (LUKS)', firstBytes([0, 'LUKS\xba\xbe\0\x02'])],
  ['Berkeley DB database', firstBytes([12, '\x62\x31\x05\0'])],
  ['Berkeley DB database', firstBytes([12, '\0\x05\x31\x62'])],
  ['Outlook mail store', firstBytes([0, '!BDN'], [8, 'SM'])],
  ['Access database', firstBytes([0, '\0\x01\0\0Standard ACE DB\0'])],
])('%s by its bytes', (reason, bytes) => {
  expect(reasonOf(bytes, 'anything', mebibyte)).toBe(reason)
})

test('a PostgreSQL table is known by its page and its number', () => {
  const page = Buffer.alloc(inPlaceProbeSizeBytes)
  for (const [at, value] of [
    [12, 200],
    [14, 6000],
    [16, 8192],
    [18, 0x2004],
  ] as const) {
    page.writeUInt16LE(value, at)
  }
  expect(reasonOf(page, '16384', mebibyte)).toBe('PostgreSQL table')
  expect(reasonOf(page, '16384.12', mebibyte)).toBe('PostgreSQL table')
  expect(reasonOf(page, 'chapter-1', mebibyte)).toBeUndefined()
})

test('a boot record needs a partition table that fits the file', () => {
  const sizeBytes = 100 * mebibyte
  expect(reasonOf(bootRecord({ state: 0x80, type: 0x83, first: 2048, sectors: 200_000 }), 'x', sizeBytes)).toBe(
    'disk image (MBR)',
  )
  expect(reasonOf(bootRecord({ type: 0xee, first: 1, sectors: 0xffff_ffff }), 'x', sizeBytes)).toBe('disk image (MBR)')
  expect(reasonOf(bootRecord({ type: 0x83, first: 2048, sectors: 0x1000_0000 }), 'x', sizeBytes)).toBeUndefined()
  expect(reasonOf(bootRecord({ state: 0x12, type: 0x83, first: 2048, sectors: 9 }), 'x', sizeBytes)).toBeUndefined()
  expect(reasonOf(bootRecord(), 'x', sizeBytes)).toBeUndefined()
})

test('a Linux kernel and a hybrid CD image are ordinary files in spite of their boot records', () => {
  const kernel = bootRecord({ type: 0x83, first: 1, sectors: 100 })
  kernel.write('HdrS', 514, 'latin1')
  expect(reasonOf(kernel, 'vmlinuz', 10 * mebibyte)).toBeUndefined()
  const hybrid = bootRecord({ type: 0x17, first: 64, sectors: 1000 })
  expect(reasonOf(hybrid, 'debian.ISO', 10 * mebibyte)).toBeUndefined()
})

test('names decide where bytes say nothing', () => {
  expect(reasonOf(ordinary, 'archive.OST', mebibyte)).toBe('Outlook mail store')
  expect(reasonOf(ordinary, 'ibdata1', 12 * mebibyte)).toBe('InnoDB database')
  expect(reasonOf(ordinary, 'windows-flat.vmdk', 10 * mebibyte)).toBe('virtual disk')
  expect(reasonOf(ordinary, 'disk.img', 1024 * mebibyte)).toBe('disk image')
})

test('names that other kinds of files carry count from a size on', () => {
  expect(reasonOf(ordinary, 'DSC0001.raw', 80 * mebibyte)).toBeUndefined()
  expect(reasonOf(ordinary, 'laptop.raw', 20_000 * mebibyte)).toBe('disk image')
  expect(reasonOf(ordinary, 'logo.img', mebibyte)).toBeUndefined()
  expect(reasonOf(ordinary, 'Thumbs.db', mebibyte)).toBeUndefined()
})

test.each(['mail.mbox', 'Inbox', 'img', '.raw.txt', 'report.pdf', 'backup.tar'])('%s is an ordinary file', (name) => {
  expect(reasonOf(ordinary, name, 2048 * mebibyte)).toBeUndefined()
})

test('a file that is one block anyway is never asked', () => {
  expect(reasonOf(firstBytes([0, 'QFI\xfb']), 'a.qcow2', wholeFileSizeBytes)).toBeUndefined()
  expect(reasonOf(firstBytes([0, 'QFI\xfb']), 'a.qcow2', wholeFileSizeBytes + 1)).toBe('virtual disk (qcow)')
})

test('never throws, whatever the bytes and the name', () => {
  const starts = fc.constantFrom('', 'KDMV', 'QFI\xfb', 'vhdxfile', '# Disk Desc', '\0\x01\0\0Standard')
  fc.assert(
    fc.property(
      starts,
      fc.uint8Array({ maxLength: 5000 }),
      fc.uint8Array({ maxLength: 255 }),
      fc.maxSafeNat(),
      (start, bytes, name, size) => {
        const reason = isRewrittenInPlace(Buffer.concat([Buffer.from(start, 'latin1'), bytes]), name, size)
        expect(reason === undefined || (reason.length > 0 && size > wholeFileSizeBytes)).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
