/** Splitting: the scan for cuts alone, and a whole file from descriptor to parts. */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { sha256 } from '../../../agent-core/codec/block-id.ts'
import { type ContentCutter, createGearTable, gearTableSizeBytes } from '../../../agent-core/source/split-content.ts'
import { FileSplitter } from '../../../agent-core/source/split-file.ts'
import { cutterOf } from '../../support/cut-bytes.ts'
import { TestFolder } from '../../support/test-home.ts'
import type { Timed } from './run-measures.ts'
import { seededData } from './seeded-data.ts'

const mebibyte = 1024 ** 2
const cutSizeBytes = 64 * mebibyte
const fileSizeBytes = 128 * mebibyte

export function* splitterBench(): Generator<Timed, void, undefined> {
  const gear = createGearTable(seededData('random', gearTableSizeBytes, 1))
  for (const kind of ['random', 'text'] as const) {
    const bytes = seededData(kind, cutSizeBytes, 2)
    const cutter = cutterOf(bytes, gear)
    yield { name: `ContentCutter, ${kind}`, amount: { bytes: bytes.length }, work: () => cutAll(cutter) }
  }
  using folder = new TestFolder()
  const bytes = seededData('random', fileSizeBytes, 3)
  const splitter = new FileSplitter(gear)
  for (const name of ['content.bin', 'fixed.img']) {
    writeFileSync(folder.at(name), bytes)
    yield {
      name: `FileSplitter, ${name}`,
      amount: { bytes: bytes.length },
      work: () => splitFile(splitter, folder.at(name), bytes.length),
    }
  }
}

function cutAll(cutter: ContentCutter): void {
  const { length } = cutter.bytes
  for (let at = 0; at < length; ) at = cutter.nextCut(at, length, true)
}

/** Reading and splitting alone: every block gets the same id. */
function splitFile(splitter: FileSplitter, path: string, sizeBytes: number): void {
  const id = sha256(Buffer.from(path))
  const fd = openSync(path, 'r')
  try {
    const { bytesRead } = splitter.split({
      fd,
      name: Buffer.from(path),
      sizeBytes,
      previous: undefined,
      expectedAt: () => undefined,
      mayHaveHoles: false,
      gridOffset: 0,
      sink: { putBlock: () => id, putPage: () => id },
    })
    if (bytesRead !== sizeBytes) throw new Error(`${bytesRead} of ${sizeBytes} bytes were read`)
  } finally {
    closeSync(fd)
  }
}
