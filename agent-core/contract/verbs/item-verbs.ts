import { z } from 'zod'
import { list, name, path, text } from '../bounds.ts'
import { backupDocument, backupOptions } from '../documents/backup.ts'
import { itemChanges, itemDocument, itemSettings } from '../documents/item.ts'
import { pointDetails, pointDocument, pointFile } from '../documents/point.ts'
import { restoreDocument, restorePlanDocument, restoreRequest } from '../documents/restore.ts'
import { call, listing, task } from '../verb.ts'

export const itemVerbs = {
  enableItem: call({
    about: 'Protects folders under a name.',
    parameters: [
      ['name', name],
      ['vaults', list(name, 100)],
      ['settings', itemSettings],
    ],
    answer: itemDocument,
  }),
  changeItem: call({
    about: 'Changes what an item protects; the next backup goes by it.',
    parameters: [
      ['name', name],
      ['changes', itemChanges],
    ],
    answer: itemDocument,
  }),
  listItems: call({ about: 'The protected items.', parameters: [], answer: list(itemDocument) }),
  showItem: call({
    about: 'One item, with the default exclusions and their reasons.',
    parameters: [['name', name]],
    answer: itemDocument,
  }),

  backupNow: task({
    about: 'Backs an item up. Fails when no point was captured; a point that no vault took (yet) is told in `failure`.',
    parameters: [
      ['item', name],
      ['options', backupOptions],
    ],
    answer: backupDocument,
  }),

  listPoints: call({
    about: 'The points of an item, oldest first.',
    parameters: [['item', name]],
    answer: list(pointDocument),
  }),
  showPoint: call({
    about: 'One point: sizes, folders, warnings.',
    parameters: [
      ['item', name],
      ['point', text],
    ],
    answer: pointDetails,
  }),
  pointFiles: listing({
    about: "Entries of a point below `path`, folder by folder; `depth` 1: only the folder's own entries.",
    parameters: [
      ['item', name],
      ['point', text],
      ['path', path.optional()],
      ['depth', z.number().min(0)],
    ],
    answer: pointFile,
  }),

  planRestore: task({
    about: 'Says what `restoreFiles` would do with the same request; changes nothing.',
    parameters: [['request', restoreRequest]],
    answer: restorePlanDocument,
  }),
  restoreFiles: task({
    about: 'Restores and verifies; files that cannot be restored are in the warnings.',
    parameters: [['request', restoreRequest]],
    answer: restoreDocument,
  }),
}
