import { z } from 'zod'
import { name, optional, passphrase, text } from '../bounds.ts'
import { pointDocument } from '../documents/point.ts'
import { pinDocument, recoveryCodeDocument, removedVault, stoppedDocument } from '../documents/trash.ts'
import { call } from '../verb.ts'

const point = [
  ['item', name],
  ['point', text],
] as const
const reason = ['reason', text.optional()] as const

export const trashVerbs = {
  holdPoint: call({
    about: 'Keeps a point whatever its policy says, until it is released.',
    parameters: [...point, reason],
    answer: pointDocument,
  }),
  releasePoint: call({
    about: 'Gives a held point back to its policy. Asks for the PIN.',
    parameters: [...point, reason],
    answer: pointDocument,
  }),
  deletePoint: call({
    about: 'Puts a point into the trash. Asks for the PIN.',
    parameters: [...point, reason],
    answer: pointDocument,
  }),
  undeletePoint: call({ about: 'Brings a point back from the trash.', parameters: point, answer: pointDocument }),

  stopItem: call({
    about: 'Stops the backups of an item; with `deletesData` its points go to the trash, and the PIN is asked for.',
    parameters: [
      ['name', name],
      ['options', z.object({ deletesData: z.boolean(), reason: optional(text) })],
    ],
    answer: stoppedDocument,
  }),
  resumeItem: call({
    about: 'Lets a stopped item be backed up again.',
    parameters: [['name', name]],
    answer: stoppedDocument,
  }),
  undeleteItem: call({
    about: 'Brings the points of a stopped item back from the trash; it stays stopped.',
    parameters: [['name', name]],
    answer: stoppedDocument,
  }),

  renewRecoveryCode: call({
    about: 'Makes a new recovery code for a vault; the old one opens it no more. Asks for the PIN.',
    parameters: [['name', name]],
    answer: recoveryCodeDocument,
  }),
  removeVault: call({
    about: 'Forgets a vault in this home folder; what it holds stays there. Asks for the PIN.',
    parameters: [['name', name]],
    answer: removedVault,
  }),

  showPin: call({ about: 'Whether a PIN is set, and asked for.', parameters: [], answer: pinDocument }),
  setPin: call({
    about: 'Sets the PIN; `current` is the one before, where there is one.',
    parameters: [
      ['pin', passphrase],
      ['current', passphrase.optional()],
    ],
    answer: pinDocument,
  }),
  checkPin: call({
    about: 'Gives the PIN: a right one counts for five minutes.',
    parameters: [['pin', passphrase]],
    answer: pinDocument,
  }),
  removePin: call({
    about: 'Takes the PIN away.',
    parameters: [['current', passphrase.optional()]],
    answer: pinDocument,
  }),
}
