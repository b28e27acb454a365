/**
 * Which files programs rewrite in place (virtual disks, databases, mail stores), so that fixed blocks
 * suit them better than content-defined ones: docs/format/splitting.md. Magic bytes decide first, the name second.
 * A wrong answer costs space and never data. Left out on purpose: mbox (appended, and compacted by
 * shifting everything), ISO images (written once), archives, dBase tables, immutable stores such as LevelDB's.
 */
import { asBuffer } from '../base/bytes.ts'
import { wholeFileSizeBytes } from './split-content.ts'

/** Give `isRewrittenInPlace` so many first bytes, or all of a shorter file. */
export const inPlaceProbeSizeBytes = 4096

interface Magic {
  readonly reason: string
  readonly at: number
  /** Bytes, one character each. */
  readonly bytes: string
}

/** At one of a few offsets, these bytes. */
const magics: readonly Magic[] = [
  // Virtual disks. QEMU docs/interop/qcow2; docs/interop/qed_spec
  { reason: 'virtual disk (qcow)', at: 0, bytes: 'QFI\xfb' },
  { reason: 'virtual disk (QED)', at: 0, bytes: 'QED\0' },
  // [MS-VHDX] 2.2.1; "Virtual Hard Disk Image Format Specification": dynamic disks begin with a copy of the footer
  { reason: 'virtual disk (VHDX)', at: 0, bytes: 'vhdxfile' },
  { reason: 'virtual disk (VHD)', at: 0, bytes: 'conectix' },
  // "VMware Virtual Disk Format 1.1": hosted sparse extent, text descriptor; COWD of ESX
  { reason: 'virtual disk (VMDK)', at: 0, bytes: 'KDMV' },
  { reason: 'virtual disk (VMDK)', at: 0, bytes: 'COWD' },
  { reason: 'virtual disk (VMDK)', at: 0, bytes: '# Disk DescriptorFile' },
  // VirtualBox VDICore.h: VDI_IMAGE_SIGNATURE 0xbeda107f
  { reason: 'virtual disk (VDI)', at: 0x40, bytes: '\x7f\x10\xda\xbe' },
  // QEMU block/parallels.c, block/bochs.c
  { reason: 'virtual disk (Parallels)', at: 0, bytes: 'WithoutFreeSpace' },
  { reason: 'virtual disk (Parallels)', at: 0, bytes: 'WithouFreSpacExt' },
  { reason: 'virtual disk (Bochs)', at: 0, bytes: 'Bochs Virtual HD Image' },

  // Images of disks and of file systems. UEFI Specification 5.3.2
  { reason: 'disk image (GPT)', at: 512, bytes: 'EFI PART' },
  // XFS Algorithms & Data Structures, superblocks; Apple File System Reference, nx_superblock_t
  { reason: 'image of an XFS file system', at: 0, bytes: 'XFSB' },
  { reason: 'image of an APFS container', at: 32, bytes: 'NXSB' },
  // f2fs on-disk layout: F2FS_SUPER_MAGIC 0xf2f52010 at 1024
  { reason: 'image of an F2FS file system', at: 1024, bytes: '\x10\x20\xf5\xf2' },
  // Apple TN1150: volume header, versions 4 and 5
  { reason: 'image of an HFS+ file system', at: 1024, bytes: 'H+\0\x04' },
  { reason: 'image of an HFS+ file system', at: 1024, bytes: 'HX\0\x05' },
  // OEM names of boot sectors: NTFS, exFAT specification 3.1.2, BitLocker (libbde documentation)
  { reason: 'image of an NTFS file system', at: 3, bytes: 'NTFS    ' },
  { reason: 'image of an exFAT file system', at: 3, bytes: 'EXFAT   ' },
  { reason: 'encrypted disk image (BitLocker)', at: 3, bytes: '-FVE-FS-' },
  // Microsoft FAT specification (fatgen103): file-system type
  { reason: 'image of a FAT file system', at: 54, bytes: 'FAT12   ' },
  { reason: 'image of a FAT file system', at: 54, bytes: 'FAT16   ' },
  { reason: 'image of a FAT file system', at: 82, bytes: 'FAT32   ' },
  // LUKS On-Disk Format Specification, LUKS2 On-Disk Format Specification; LVM2 lib/label
  { reason: 'encrypted disk image (LUKS)', at: 0, bytes: 'LUKS\xba\xbe' },
  { reason: 'image of an LVM volume', at: 512, bytes: 'LABELONE' },
  { reason: 'image of an LVM volume', at: 0, bytes: 'LABELONE' },
  // util-linux mkswap, pages of 4 KiB
  { reason: 'swap area', at: 4086, bytes: 'SWAPSPACE2' },

  // Databases. sqlite.org/fileformat2 1.3
  { reason: 'SQLite database', at: 0, bytes: 'SQLite format 3\0' },
  // LMDB mdb.c: MDB_MAGIC 0xBEEFC0DE behind the page header of 16 (64-bit) or 12 bytes
  { reason: 'LMDB database', at: 16, bytes: '\xde\xc0\xef\xbe' },
  { reason: 'LMDB database', at: 12, bytes: '\xde\xc0\xef\xbe' },
  // Extensible Storage Engine: signature 0x89abcdef behind the checksum (libesedb documentation)
  { reason: 'ESE database', at: 4, bytes: '\xef\xcd\xab\x89' },
  // Jet and ACE (mdbtools HACKING)
  { reason: 'Access database', at: 4, bytes: 'Standard Jet DB\0' },
  { reason: 'Access database', at: 4, bytes: 'Standard ACE DB\0' },
  // WiredTiger block.h: WT_BLOCK_MAGIC 120897, major version 1
  { reason: 'WiredTiger database', at: 0, bytes: '\x41\xd8\x01\0\x01\0' },
  // Realm Core alloc_slab: streaming header mnemonic
  { reason: 'Realm database', at: 16, bytes: 'T-DB' },

  // Mail stores. [MS-PST] 2.2.2.6 (PST and OST); libdbx documentation
  { reason: 'Outlook mail store', at: 0, bytes: '!BDN' },
  { reason: 'Outlook Express mail store', at: 0, bytes: '\xcf\xad\x12\xfe' },
]

/** Berkeley DB (db_page.h, file(1)): btree, hash and queue, at offset 12 in the byte order of the machine. */
const berkeleyMagics: ReadonlySet<number> = new Set([0x053162, 0x061561, 0x042253])

const mebibyte = 1024 ** 2

interface NameRule {
  readonly reason: string
  readonly extensions: readonly string[]
  /** Names that other kinds of files carry too count only from this size on. */
  readonly fromBytes: number
}

const nameRules: readonly NameRule[] = [
  {
    reason: 'virtual disk',
    extensions: ['vmdk', 'vhd', 'vhdx', 'avhd', 'avhdx', 'vdi', 'qcow', 'qcow2', 'qed', 'hdd', 'hds', 'vmem'],
    fromBytes: 0,
  },
  { reason: 'encrypted container', extensions: ['hc', 'tc', 'luks'], fromBytes: 16 * mebibyte },
  { reason: 'disk image', extensions: ['img', 'dd'], fromBytes: 16 * mebibyte },
  // Photos of cameras and sound tracks are called .raw too, and stay well below this.
  { reason: 'disk image', extensions: ['raw'], fromBytes: 512 * mebibyte },
  // Encrypted SQLite files (SQLCipher) have no magic bytes.
  { reason: 'SQLite database', extensions: ['sqlite', 'sqlite3', 'db3'], fromBytes: 0 },
  { reason: 'database', extensions: ['db'], fromBytes: 16 * mebibyte },
  { reason: 'InnoDB database', extensions: ['ibd'], fromBytes: 0 },
  { reason: 'SQL Server database', extensions: ['mdf', 'ndf', 'ldf'], fromBytes: 16 * mebibyte },
  { reason: 'Access database', extensions: ['mdb', 'accdb'], fromBytes: 0 },
  { reason: 'ESE database', extensions: ['edb'], fromBytes: 0 },
  { reason: 'Firebird database', extensions: ['fdb', 'gdb'], fromBytes: 16 * mebibyte },
  { reason: 'FileMaker database', extensions: ['fmp12'], fromBytes: 0 },
  { reason: 'Outlook mail store', extensions: ['pst', 'ost'], fromBytes: 0 },
  { reason: 'Notes mail store', extensions: ['nsf'], fromBytes: 0 },
]

const ruleOfExtension: ReadonlyMap<string, NameRule> = new Map(
  nameRules.flatMap((rule) => rule.extensions.map((extension) => [extension, rule] as const)),
)

/** InnoDB's system, undo and log files (MySQL and MariaDB manuals: innodb_data_file_path, undo tablespaces). */
const innodbName = /^(ibdata\d+|ib_logfile\d+|#ib_redo\d+|undo_?\d{3}|ibtmp\d+)$/

/**
 * Why a file is split into fixed blocks, in words; undefined for an ordinary file, and for every file
 * that is one block anyway. `firstBytes`: the file's first 4,096 bytes (fewer only when it is shorter),
 * read during the call; `name`: its last path component, raw. Never throws.
 */
export function isRewrittenInPlace(firstBytes: Uint8Array, name: Uint8Array, sizeBytes: number): string | undefined {
  if (sizeBytes <= wholeFileSizeBytes) return undefined
  const text = asBuffer(name).toString('latin1').toLowerCase()
  const extension = text.slice(text.lastIndexOf('.') + 1)
  // Hybrid images for CDs and memory sticks carry a partition table, but nothing writes into them.
  if (extension === 'iso') return undefined
  return reasonOfBytes(asBuffer(firstBytes), text, sizeBytes) ?? reasonOfName(text, extension, sizeBytes)
}

function reasonOfName(name: string, extension: string, sizeBytes: number): string | undefined {
  if (innodbName.test(name)) return 'InnoDB database'
  if (extension === name) return undefined
  const rule = ruleOfExtension.get(extension)
  return rule !== undefined && sizeBytes >= rule.fromBytes ? rule.reason : undefined
}

function reasonOfBytes(bytes: Buffer, name: string, sizeBytes: number): string | undefined {
  const magic = magics.find((candidate) => hasBytes(bytes, candidate))
  if (magic !== undefined) return magic.reason
  if (isExtFileSystem(bytes)) return 'image of an ext file system'
  if (isPartitioned(bytes, sizeBytes)) return 'disk image (MBR)'
  if (isBerkeleyDatabase(bytes)) return 'Berkeley DB database'
  if (isPostgresRelation(bytes, name)) return 'PostgreSQL table'
  return undefined
}

function hasBytes(bytes: Buffer, magic: Magic): boolean {
  if (bytes.length < magic.at + magic.bytes.length) return false
  for (let index = 0; index < magic.bytes.length; index++) {
    if (bytes[magic.at + index] !== magic.bytes.charCodeAt(index)) return false
  }
  return true
}

/** Kernel documentation, ext4 super block: magic 0xEF53 at 0x38 of 1024, block-size exponent at 0x18, state at 0x3A. */
function isExtFileSystem(bytes: Buffer): boolean {
  if (bytes.length < 2048 || bytes.readUInt16LE(1080) !== 0xef53) return false
  return bytes.readUInt32LE(1024 + 0x18) <= 6 && bytes.readUInt16LE(1082) <= 7
}

/**
 * A boot record (UEFI Specification 5.2.1) with a plausible table: every state 0 or 0x80, at least one
 * partition, none that begins behind the file's end or at its first sector. 0x55AA alone would also fit Linux
 * kernels, whose own header ("HdrS") lies behind it.
 */
function isPartitioned(bytes: Buffer, sizeBytes: number): boolean {
  if (bytes.length < 520 || bytes.readUInt16LE(510) !== 0xaa55) return false
  if (bytes.toString('latin1', 514, 518) === 'HdrS') return false
  let partitions = 0
  for (let at = 446; at < 510; at += 16) {
    const state = bytes[at]
    const type = bytes[at + 4]
    const firstSector = bytes.readUInt32LE(at + 8)
    const sectors = bytes.readUInt32LE(at + 12)
    if (state !== 0 && state !== 0x80) return false
    if (type === 0) continue
    if (firstSector === 0 || sectors === 0 || firstSector * 512 >= sizeBytes) return false
    // The protective partition of a GPT may claim the whole disk, whatever its size.
    if (type !== 0xee && (firstSector + sectors) * 512 > sizeBytes) return false
    partitions++
  }
  return partitions > 0
}

function isBerkeleyDatabase(bytes: Buffer): boolean {
  if (bytes.length < 512) return false
  return berkeleyMagics.has(bytes.readUInt32LE(12)) || berkeleyMagics.has(bytes.readUInt32BE(12))
}

/** PostgreSQL documentation, "Database Page Layout": version 4 pages of 8 KiB, in files named by number. */
function isPostgresRelation(bytes: Buffer, name: string): boolean {
  if (bytes.length < 24 || !/^\d+(_fsm|_vm)?(\.\d+)?$/.test(name)) return false
  const lower = bytes.readUInt16LE(12)
  const upper = bytes.readUInt16LE(14)
  const special = bytes.readUInt16LE(16)
  return bytes.readUInt16LE(18) === 0x2004 && lower >= 24 && lower <= upper && upper <= special && special <= 8192
}
