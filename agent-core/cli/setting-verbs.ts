import type { SettingsChange, SettingsDocument } from '../api/agent-api.ts'
import type { WorkHours } from '../contract/documents/home.ts'
import { weekdays } from '../contract/policy.ts'
import { countOf, formatRate, formatSize } from './amounts.ts'
import { rateValue, sizeValue, usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import { timeIn, weekdayIn } from './policy-options.ts'
import type { RunVerb } from './session.ts'

interface Setting {
  readonly show: (settings: SettingsDocument) => string
  /** Throws `usage.invalid`. */
  readonly read: (text: string) => SettingsChange
}

const defaultWord = 'default'

/** What can be set, by the name it has on the command line. */
const settings: ReadonlyMap<string, Setting> = new Map([
  [
    'cache-budget',
    {
      show: ({ cacheBudget }) => (cacheBudget === null ? defaultWord : formatSize(cacheBudget)),
      read: (text) => ({ cacheBudget: text === defaultWord ? null : sizeValue(text, 'cache-budget') }),
    },
  ],
  [
    'instant-days',
    {
      show: ({ instantDays }) => countOf(instantDays, 'day'),
      read: (text) => ({ instantDays: text === defaultWord ? null : wholeNumber(text, 'instant-days', 1, 30) }),
    },
  ],
  [
    'gentle',
    {
      show: ({ gentle }) => (gentle ? 'on' : 'off'),
      read: (text) => ({ gentle: text === defaultWord ? null : onOrOff(text, 'gentle') }),
    },
  ],
  [
    'verify-days',
    {
      show: ({ verifyDays }) => countOf(verifyDays, 'day'),
      read: (text) => ({ verifyDays: text === defaultWord ? null : wholeNumber(text, 'verify-days', 1, 3650) }),
    },
  ],
  [
    'trash-days',
    {
      show: ({ trashDays }) => countOf(trashDays, 'day'),
      read: (text) => ({ trashDays: text === defaultWord ? null : wholeNumber(text, 'trash-days', 14, 180) }),
    },
  ],
  [
    'upload-limit',
    {
      show: ({ uploadLimit }) => (uploadLimit === null ? 'none' : formatRate(uploadLimit)),
      read: (text) => ({ uploadLimit: text === defaultWord ? null : rateValue(text, 'upload-limit') }),
    },
  ],
  [
    'work-upload-limit',
    {
      show: ({ workUploadLimit }) => (workUploadLimit === null ? 'as upload-limit' : formatRate(workUploadLimit)),
      read: (text) => ({ workUploadLimit: text === defaultWord ? null : rateValue(text, 'work-upload-limit') }),
    },
  ],
  [
    'work-hours',
    {
      show: ({ workHours: { days, from, to } }) => `${days.join(',')}@${from}-${to}`,
      read: (text) => ({ workHours: text === defaultWord ? null : workHoursIn(text) }),
    },
  ],
])

export const getSettings: RunVerb<{ readonly name?: string }> = async ({ name }, session) => {
  const { output } = session
  const shown = name === undefined ? [...settings] : [[name, knownSetting(name)] as const]
  const document = await (await session.agent()).getSettings()
  await output.result(document, () =>
    output.facts(shown.map(([key, setting]) => [key, setting.show(document)] as const)),
  )
  return exitStatus.done
}

export const setSetting: RunVerb<{ readonly name: string; readonly value: string }> = async (input, session) => {
  const { output } = session
  const setting = knownSetting(input.name)
  const change = setting.read(input.value)
  const document = await (await session.agent()).changeSettings(change)
  await output.summary(document, () => [`${input.name} is ${setting.show(document)} now.`])
  return exitStatus.done
}

/** `mon-fri@09:00-17:00` or `sat,sun@22:00-06:00`; throws `usage.invalid`. */
function workHoursIn(text: string): WorkHours {
  const option = 'work-hours'
  const [days = '', from, to, ...more] = text.toLowerCase().split(/[@-](?=\d)/)
  if (from === undefined || to === undefined || more.length > 0) {
    throw usageError(`${option} cannot be "${text}".`, 'Write it like mon-fri@09:00-17:00 or sat,sun@22:00-06:00.')
  }
  const named = days.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-', 2)
    const [begin, end] = [first, last].map((day) => weekdays.indexOf(weekdayIn(day.trim(), option)))
    return weekdays.filter((_, at) => isBetween(at, begin as number, end as number))
  })
  return { days: weekdays.filter((day) => named.includes(day)), from: timeIn(from, option), to: timeIn(to, option) }
}

/** In a stretch of the week, which may go over its end: `sat-mon`. */
function isBetween(at: number, begin: number, end: number): boolean {
  return begin <= end ? at >= begin && at <= end : at >= begin || at <= end
}

function onOrOff(text: string, name: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw usageError(`${name} cannot be "${text}".`, 'Give on, off or default.')
}

function knownSetting(name: string): Setting {
  const setting = settings.get(name)
  if (setting !== undefined) return setting
  throw usageError(`There is no setting "${name}".`, `Give one of: ${[...settings.keys()].join(', ')}.`)
}
