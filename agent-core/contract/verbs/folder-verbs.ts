import { name, path, text } from '../bounds.ts'
import { downloadOffer, folderListing, folderMeasures, measureRequest } from '../documents/folder.ts'
import { call, feed } from '../verb.ts'

export const folderVerbs = {
  listFolders: call({
    about: "The folders in a folder of this machine, for choosing; without a path those of the user's own folder.",
    parameters: [['path', path.optional()]],
    answer: folderListing,
  }),
  measureFolders: feed({
    about:
      'How many files and bytes folders hold, and what would be left out and why: told while it is being found out, at most ' +
      'four times a second, until its reader goes.',
    parameters: [['request', measureRequest]],
    answer: folderMeasures,
  }),
  offerDownload: call({
    about: 'Offers one file of a point for download by a browser. Needs an agent that serves browsers.',
    parameters: [
      ['item', name],
      ['point', text],
      ['path', path],
    ],
    answer: downloadOffer,
  }),
}
