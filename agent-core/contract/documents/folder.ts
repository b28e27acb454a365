import { z } from 'zod'
import { bytes, count, list, path, shownPath, text, type Value } from '../bounds.ts'
import { itemSettings } from './item.ts'

export const folderListing = z.object({
  folder: shownPath,
  /** The folder above it; null: it is the top. */
  above: path.nullable(),
  /** Its folders by name; `isReadable` false: what is in them cannot be listed. */
  folders: list(shownPath.extend({ name: path, isReadable: z.boolean(), isHidden: z.boolean() })),
})
export type FolderListing = Value<typeof folderListing>

/** What an item would protect: its folders and what is left out of them. */
export const measureRequest = itemSettings.omit({ compression: true })
export type MeasureRequest = Value<typeof measureRequest>

export const folderMeasures = z.object({
  folders: list(shownPath.extend({ files: count, bytes, isDone: z.boolean() }), 10_000),
  leftOut: z.object({
    /** What lies in a folder that is left out is not counted. */
    count,
    examples: list(shownPath.extend({ rule: text, origin: z.enum(['default', 'item']), reason: text }), 100),
  }),
  /** True with the last event. */
  isDone: z.boolean(),
})
export type FolderMeasuresDocument = Value<typeof folderMeasures>

/** A file that can be downloaded once: `GET /download/<id>`, within five minutes. */
export const downloadOffer = z.object({ id: z.string().max(64), name: path, sizeBytes: bytes })
export type DownloadOffer = Value<typeof downloadOffer>
