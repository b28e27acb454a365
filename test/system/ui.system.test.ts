/**
 * The user interface as a person meets it: a real agent with `--web`, Debian's Chromium, a real vault, real files. The
 * tests are one story, in order. Pictures go to .tmp/screens; with THARSIS_PICTURES=1 the best ones to docs/pictures too.
 */
import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobDocument, PointDetails, PointDocument, PolicyDetails } from '../../agent-core/contract/index.ts'
import { CliHome } from '../support/cli-home.ts'
import { needs } from '../support/needs.ts'
import { startS3Stub } from '../support/s3-stub/s3-stub.ts'
import {
  buildPages,
  findAccessFaults,
  firstPaint,
  measureScrolling,
  nothingLoads,
  openUiBrowser,
  screensFolder,
  startWebAgent,
  takePictures,
  type UiBrowser,
} from '../support/ui-browser.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const manyEntries = 100_000
const pages = [
  '/',
  '/items',
  '/protect',
  '/restore',
  '/jobs',
  '/vaults',
  '/vaults-new',
  '/connect',
  '/settings',
] as const

let cli: CliHome
let ui: UiBrowser
let page: Page
let address = ''

const go = async (path: string): Promise<void> => {
  await page.goto(`${address}/#${path}`)
}
const press = async (name: string | RegExp): Promise<void> => await page.getByRole('button', { name }).click()

async function startAgent(port: number): Promise<string> {
  const login = await startWebAgent(cli, { port })
  address = new URL(login).origin
  return login
}

/** The last job of a kind in the state that it must come to. */
async function jobEnds(state: string, kind = 'backup'): Promise<void> {
  await expect
    .poll(
      async () => {
        const [job] = await cli.json<readonly { kind: string; state: string }[]>(['job', 'list', '--limit', '1'])
        return job?.kind === kind ? job.state : undefined
      },
      { timeout: 240_000, interval: 500 },
    )
    .toBe(state)
}

/** Every second week on a day that is not near: no run comes in between. What it leads to is shown while it is chosen. */
async function chooseSchedule(): Promise<void> {
  const preview = page.getByRole('region', { name: 'What this leads to' })
  await preview.getByRole('row', { name: /in 10 years 4\d/ }).waitFor()
  const inThreeDays = new Date(Date.now() + 3 * 86_400_000).toLocaleDateString('en', { weekday: 'long' })
  const radio = (name: string) => page.locator('.radio', { has: page.getByText(name, { exact: true }) })
  await radio('Weekly').click()
  // Sunday is chosen beforehand.
  if (inThreeDays !== 'Sunday') {
    await page.getByRole('button', { name: inThreeDays }).click()
    await page.getByRole('button', { name: 'Sunday' }).click()
  }
  await page.getByRole('spinbutton', { name: 'hour' }).click()
  await page.keyboard.type('0300')
  await page.getByRole('textbox', { name: 'Every', exact: true }).fill('2')
  await page.keyboard.press('Tab')
  await radio('A generation').click()
  await preview.getByRole('row', { name: /in 10 years .*1\d yearly/ }).waitFor()
  expect(await preview.getByRole('listitem').first().textContent()).toMatch(/, 03:00$/)
  await takePictures(page, 'wizard-schedule')
  expect(await findAccessFaults(page)).toEqual([])
}

function makeFiles(): void {
  for (const folder of ['Letters', 'Pictures/2025', 'Pictures/2026']) {
    mkdirSync(join(cli.source, folder), { recursive: true })
  }
  for (let at = 1; at <= 12; at++) {
    writeFileSync(join(cli.source, 'Letters', `letter ${at}.txt`), `Letter number ${at}\n`.repeat(40))
    writeFileSync(join(cli.source, 'Pictures', '2026', `IMG_${1000 + at}.jpg`), randomBytes(300_000))
  }
  writeFileSync(join(cli.source, 'Letters', 'invoice\u202egnp.exe'), 'a name that turns around')
  writeFileSync(join(cli.source, 'two\nlines.txt'), 'a name of two lines')
}

/** A chunk file that no index names, as an interrupted run leaves it. */
function leaveChunkFile(): void {
  const [chunk = ''] = readdirSync(cli.vault, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.tcf'),
  )
  const another = chunk.replace(/.(?=\.tcf$)/, (digit) => (digit === '0' ? '1' : '0'))
  copyFileSync(join(cli.vault, chunk), join(cli.vault, another))
}

describe('the pages, in Chromium', needs('chromium'), () => {
  beforeAll(async () => {
    buildPages()
    cli = new CliHome('/var/tmp')
    makeFiles()
    ui = await openUiBrowser()
    page = ui.page
    await page.goto(await startAgent(0))
  })

  afterAll(async () => {
    await ui?.[Symbol.asyncDispose]()
    cli?.[Symbol.dispose]()
    // Removes 100,000 files, which takes minutes on a disk that is busy.
  }, 300_000)

  test('the first run offers two doors; every page says what it is when it is empty', async () => {
    await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    expect(await page.getByRole('link', { name: /Protect this computer|I already have a vault/ }).count()).toBe(2)
    const faults: string[] = []
    for (const path of pages) {
      await go(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await nothingLoads(page)
      await takePictures(page, `empty-${path.slice(1) || 'overview'}`)
      faults.push(...(await findAccessFaults(page)).map((fault) => `${path} ${fault}`))
    }
    expect(faults).toEqual([])
  })

  test('from the first door to the first point', async () => {
    await go('/')
    await page.getByRole('link', { name: /Protect this computer/ }).click()
    await press('Add a folder…')
    await page.getByRole('button', { name: 'source' }).click()
    await page
      .getByText('No folders in here')
      .or(page.getByRole('button', { name: 'Letters' }))
      .first()
      .waitFor()
    await press('Add this folder')
    await page
      .getByRole('status')
      .filter({ hasText: /26 files/ })
      .waitFor()
    await page.getByLabel('Name of the item').fill('documents')
    await takePictures(page, 'wizard-folders')
    await press('Go on')
    await page.getByLabel('Folder of the vault').fill(cli.vault)
    await page.getByLabel('Name of the vault').fill('usb')
    await takePictures(page, 'wizard-vault')
    await press('Go on')
    await takePictures(page, 'wizard-passphrase')
    cli.passphrase = (await page.getByLabel('Passphrase', { exact: true }).last().textContent()) ?? ''
    await press('Make the vault')
    await page.getByRole('heading', { name: 'Your recovery kit' }).waitFor()
    await takePictures(page, 'wizard-kit')
    expect(await findAccessFaults(page)).toEqual([])
    const [download] = await Promise.all([page.waitForEvent('download'), press('Save the kit')])
    const kit = readFileSync(await download.path(), 'utf8')
    const code = /Recovery code {2}(\S+)/.exec(kit)?.[1] ?? ''
    expect(code.split('-')).toHaveLength(7)
    await press('I have it in a safe place')
    await page.getByLabel(/Last two groups/).fill('AAAAA-BBBBB')
    expect(await page.getByRole('button', { name: 'Go on' }).isDisabled()).toBe(true)
    await page.getByLabel(/Last two groups/).fill(code.split('-').slice(-2).join(' ').toLowerCase())
    await press('Go on')
    await chooseSchedule()
    await press('Go on')
    await page.getByText('every 2 weeks on').waitFor()
    await takePictures(page, 'wizard-summary')
    await press('Protect and back up now')
    await page.getByText('Backup of documents: completed').waitFor()
    await takePictures(page, 'wizard-done')
    await page.getByRole('link', { name: 'Go to the overview' }).click()
    await page.getByText('Your item is protected').waitFor()
    expect(await cli.json<readonly unknown[]>(['point', 'list', 'documents'])).toHaveLength(1)
    const item = await cli.json<{ readonly policy: string }>(['item', 'show', 'documents'])
    const policy = await cli.json<PolicyDetails>(['policy', 'show', item.policy])
    expect([policy.name, policy.schedule.kind, policy.keep.days, policy.keep.yearly?.years]).toEqual([
      'documents',
      'weekly',
      90,
      25,
    ])
    expect(policy.nextRuns).toHaveLength(10)
  })

  test('an item shows how long its points are kept, and keeps them longer when it is told so', async () => {
    await go('/items/documents')
    await page.getByText('every point for 90 days').waitFor()
    await page.getByRole('button', { name: 'Change…' }).nth(1).click()
    await page.getByRole('textbox', { name: 'Every point' }).fill('120')
    await page.keyboard.press('Tab')
    await page.getByRole('region', { name: 'What this leads to' }).waitFor()
    await takePictures(page, 'item-schedule')
    expect(await findAccessFaults(page)).toEqual([])
    await press('Save')
    await page.getByText('every point for 120 days').waitFor()
    const { keep, items } = await cli.json<PolicyDetails>(['policy', 'show', 'documents'])
    expect([keep.days, keep.yearly?.years, items]).toEqual([120, 25, ['documents']])
  })

  test('files change, and the next backup takes what changed', async () => {
    writeFileSync(join(cli.source, 'Letters', 'letter 1.txt'), 'changed')
    await cli.letTimesSettle()
    await go('/items/documents')
    await press('Back up now, and keep the point for…')
    await page.getByRole('menuitem', { name: 'Keep it for ten years' }).waitFor()
    await takePictures(page, 'item-keep')
    expect(await findAccessFaults(page)).toEqual([])
    await page.getByRole('menuitem', { name: 'Keep it for ten years' }).click()
    await expect.poll(async () => (await cli.points('documents')).length, { timeout: 60_000 }).toBe(2)
    await jobEnds('completed')
    const newest = (await cli.json<readonly PointDocument[]>(['point', 'list', 'documents'])).at(-1)
    const keptYears = (Date.parse(newest?.keptUntil ?? '') - Date.now()) / (365.25 * 86_400_000)
    expect(keptYears).toBeCloseTo(10, 1)
    await go('/')
    await page.getByText('Your item is protected').waitFor()
  })

  test('one file and a folder come back; what is in the way stays, a copy is put beside it', async () => {
    const target = join(cli.folder, 'back')
    mkdirSync(join(target, 'Letters'), { recursive: true })
    writeFileSync(join(target, 'Letters', 'letter 1.txt'), 'in the way')
    await go('/restore/documents')
    const tree = page.getByRole('treegrid')
    await tree.waitFor()
    await page.getByText('Choose the folder first.').waitFor()
    expect(await tree.getByText('U+202E').count()).toBe(0)
    await tree.focus()
    await page.keyboard.press('ArrowRight')
    await tree.getByText('letter 12.txt').waitFor()
    expect(await tree.getByText('U+202E').count()).toBe(1)
    await page.keyboard.press('Space')
    await tree.getByRole('row', { name: /two/ }).locator('.check-box').click()
    await page.getByRole('list', { name: 'Chosen files and folders' }).waitFor()
    const [saved] = await Promise.all([page.waitForEvent('download'), press(/^Download two/)])
    expect(readFileSync(await saved.path(), 'utf8')).toBe('a name of two lines')
    await press('Choose the folder…')
    await page.getByRole('button', { name: 'back' }).click()
    await page.getByRole('button', { name: 'Letters', exact: true }).waitFor()
    await press('Restore into this folder')
    await press('Show what would happen')
    await page.getByRole('button', { name: /^Restore \d+ entr/ }).waitFor()
    await takePictures(page, 'restore-plan')
    expect(await findAccessFaults(page)).toEqual([])
    await press(/^Restore \d+ entr/)
    await page.getByText('Restore of documents: completed').waitFor()
    await takePictures(page, 'restore-result')
    const letters = readdirSync(join(target, 'Letters'))
    expect(readFileSync(join(target, 'Letters', 'letter 1.txt'), 'utf8')).toBe('in the way')
    const copy = letters.find((name) => name.endsWith('Copy of letter 1.txt'))
    expect(readFileSync(join(target, 'Letters', copy ?? ''), 'utf8')).toBe('changed')
    expect(letters).toContain('letter 12.txt')
    expect(readFileSync(join(target, 'two\nlines.txt'), 'utf8')).toBe('a name of two lines')
  })

  test('a job is cancelled; a large folder is backed up, and its tree scrolls', async () => {
    const many = join(cli.folder, 'many')
    mkdirSync(join(many, 'photos'), { recursive: true })
    for (let at = 0; at < manyEntries; at++) {
      writeFileSync(join(many, 'photos', `photo-${String(at).padStart(6, '0')}.jpg`), `${at}`)
    }
    await cli.json(['item', 'enable', 'archive', '--vault', 'usb', many])
    await go('/items/archive')
    await press(/^Back up now$/)
    await press('Cancel Backup of archive')
    await jobEnds('cancelled')
    await press(/^Back up now$/)
    await page.getByRole('list', { name: 'Phases' }).waitFor()
    await takePictures(page, 'item-live')
    await jobEnds('completed')
    await go('/restore/archive')
    const tree = page.getByRole('treegrid')
    await tree.focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText(`${(manyEntries + 1).toLocaleString('en')} rows`, { exact: true }).waitFor()
    const medians: number[] = []
    // The best of three: what else the machine does, and how it draws without a screen, only ever adds.
    for (let round = 0; round < 3; round++) {
      const frames = await measureScrolling(page, '.tree', 120)
      const at = (share: number) => Math.round(frames[Math.floor((frames.length - 1) * share)] ?? 0)
      console.log(`scrolling ${manyEntries} entries: frames of ${at(0.5)} ms (median), ${at(0.95)} ms (95 %)`)
      medians.push(at(0.5))
    }
    expect(await page.locator('.tree-row').count()).toBeLessThan(100)
    expect(Math.min(...medians)).toBeLessThan(51)
    await page.keyboard.press('End')
    await tree.getByText(`photo-${String(manyEntries - 1).padStart(6, '0')}.jpg`).waitFor()
    await takePictures(page, 'restore-many')
  })

  test('a point is deleted and brought back; a vault is verified and cleaned up, by jobs that the page shows', async () => {
    const [point] = await cli.json<readonly { readonly id: string }[]>(['point', 'list', 'documents'])
    await cli.json(['--yes', 'point', 'delete', 'documents', point?.id ?? ''])
    await go(`/restore/documents/${point?.id}`)
    await page.getByRole('radio', { name: /in the trash/ }).waitFor()
    await go('/vaults/usb')
    const trash = page.getByRole('list', { name: 'Deleted points' })
    await trash.getByRole('listitem').waitFor()
    await takePictures(page, 'vault-trash')
    await trash.getByRole('button', { name: /^Bring back/ }).click()
    await page.getByText('It is empty.').waitFor()
    const points = await cli.json<readonly PointDocument[]>(['point', 'list', 'documents'])
    expect(points.filter(({ deleted }) => deleted !== null)).toEqual([])
    await press('Verify now')
    await page.getByText('No damage was found').waitFor()
    leaveChunkFile()
    await press('Look what would go…')
    await page.getByText('No point would go; room that nothing needs comes back').waitFor()
    await takePictures(page, 'vault-clean-up')
    await press('Clean up now')
    await page.getByText('Cleaned up').waitFor()
    await page.getByText(/come back after \d+ \w+ \d+\.$/).waitFor()
    const [job] = await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'prune', '--limit', '1'])
    expect([job?.state, job?.result?.cleanUp?.points]).toEqual(['completed', 0])
    expect(job?.result?.cleanUp?.announcedBytes).toBeGreaterThan(0)
    expect(await findAccessFaults(page)).toEqual([])
  })

  test('a bucket is tried before a passphrase is chosen for it', async () => {
    await using stub = await startS3Stub()
    const field = (name: string) => page.getByRole('textbox', { name, exact: true })
    await go('/vaults-new')
    await page.locator('.radio', { has: page.getByText('S3', { exact: true }) }).click()
    await field('Bucket').fill(`s3://${stub.bucketName}/laptop`)
    await field('Server').fill(stub.endpoint)
    await field('Access key').fill(stub.credentials.accessKeyId)
    await page.getByText('The bucket stands in the path of the address').click()
    await page.getByLabel('Secret of the key').fill('another one')
    await press('Test the bucket')
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Secret of the key').fill(stub.credentials.secretAccessKey)
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await press('Test the bucket')
    await page.getByText('The bucket answers, and can become a vault').waitFor()
    await takePictures(page, 'vault-bucket')
    expect(await findAccessFaults(page)).toEqual([])
  })

  test('another computer joins the vault; it is removed, with its passphrase, and brought back', async () => {
    const second = cli.secondHome('desk')
    second.passphrase = 'the passphrase of the desk'
    await second.json(['vault', 'join', 'usb', '--local', cli.vault, '--machine-name', 'desk'])
    await second.json(['item', 'enable', 'letters', '--vault', 'usb', join(cli.source, 'Letters')])
    await second.json(['backup-now', 'letters'])
    await go('/vaults/usb')
    // What was asked a few seconds ago is not asked again.
    await page.reload()
    const computers = page.getByRole('list', { name: 'Computers of this vault' })
    const lines = computers.getByRole('listitem')
    await lines.nth(1).waitFor()
    expect(await lines.first().textContent()).toMatch(/this computer.*Last backup .* points? of \d items?/)
    expect(await lines.nth(1).textContent()).toMatch(/^Computer [0-9a-f]{8}.*1 point of 1 item/)
    await press('Show names…')
    await page.getByLabel('Its passphrase or recovery code').fill('not this one, surely')
    await press('Show them')
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Its passphrase or recovery code').fill(second.passphrase)
    await press('Show them')
    await computers.getByText('desk', { exact: true }).waitFor()
    await press('Remove desk…')
    await page.getByLabel(/^Why/).fill('sold')
    await takePictures(page, 'vault-remove-computer')
    expect(await findAccessFaults(page)).toEqual([])
    await press('Remove it')
    await page.getByLabel('Passphrase or recovery code', { exact: true }).fill(second.passphrase)
    await press('Unlock')
    await computers.getByText('removed', { exact: true }).waitFor()
    expect((await second.fails(['backup-now', 'letters'], 5)).code).toBe('vault.machine-removed')
    await computers.scrollIntoViewIfNeeded()
    await takePictures(page, 'vault-computers')
    expect(await findAccessFaults(page)).toEqual([])
    await press('Bring desk back')
    await page.getByLabel('Passphrase or recovery code', { exact: true }).fill(second.passphrase)
    await press('Unlock')
    await computers.getByRole('button', { name: 'Remove desk…' }).waitFor()
    await second.json(['backup-now', 'letters'])
  })

  test('every page full of data; nothing for axe in either theme; the first paint comes within a second', async () => {
    const faults: string[] = []
    const jobs = await cli.json<readonly { id: string }[]>(['job', 'list'])
    for (const path of [...pages, '/items/documents', '/vaults/usb', `/jobs/${jobs.at(-1)?.id ?? ''}`]) {
      await go(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await nothingLoads(page)
      await takePictures(
        page,
        `full-${
          path
            .slice(1)
            .replace(/\/[0-9a-f]{32}$/, '-one')
            .replaceAll('/', '-') || 'overview'
        }`,
      )
      faults.push(...(await findAccessFaults(page)).map((fault) => `${path} ${fault}`))
    }
    expect(faults).toEqual([])
    const paints: number[] = []
    for (let round = 0; round < 5; round++) {
      await page.goto('about:blank')
      await go('/')
      await page.getByText(/items are protected|item is protected/).waitFor()
      paints.push(await firstPaint(page))
    }
    console.log(`first paint: ${paints.map((ms) => Math.round(ms)).join(', ')} ms`)
    expect(Math.min(...paints)).toBeLessThan(1000)
  })

  test('the agent is killed under the open page, and comes back', async () => {
    await go('/')
    await page.getByText('All 2 items are protected').waitFor()
    const { port } = new URL(address)
    await cli.endAgent('SIGKILL')
    await page.getByRole('alert').filter({ hasText: 'The agent does not answer' }).waitFor()
    expect(await page.getByRole('button', { name: 'Back up documents now' }).isDisabled()).toBe(true)
    expect(await page.getByText('All 2 items are protected').count()).toBe(1)
    await takePictures(page, 'offline')
    expect(await findAccessFaults(page)).toEqual([])
    await startAgent(Number(port))
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await press('Back up documents now')
    await jobEnds('completed')
  })

  test('the vault is unplugged, and comes back', async () => {
    await page.getByText('All 2 items are protected').waitFor()
    const away = `${cli.vault}.away`
    renameSync(cli.vault, away)
    writeFileSync(join(cli.source, 'Letters', 'letter 2.txt'), 'written while the vault was away')
    await cli.letTimesSettle()
    await press('Back up documents now')
    await page.getByText(/needs? you|something to look at/).waitFor()
    await takePictures(page, 'vault-away')
    await go('/vaults/usb')
    await page.getByText('Its place cannot be reached').waitFor()
    renameSync(away, cli.vault)
    await press('Try again')
    await page.getByText('Its place cannot be reached').waitFor({ state: 'hidden' })
    await go('/')
    await press('Back up documents now')
    await page.getByText('All 2 items are protected').waitFor()
    await jobEnds('completed')
  })

  test('an item is stopped with its points kept, and protected again', async () => {
    await go('/items/archive')
    await press('Stop protection…')
    await press('Stop, keep the points')
    await page.getByText('Not backed up: its points are kept').waitFor()
    await takePictures(page, 'item-stopped')
    expect(await findAccessFaults(page)).toEqual([])
    expect((await cli.points('archive')).length).toBeGreaterThan(0)
    await press('Protect again')
    await page.getByText('Not backed up: its points are kept').waitFor({ state: 'hidden' })
  })

  test('damage in the vault is told until it is healed', async () => {
    // Of those that the point needs: the job that was cancelled has left others.
    const { chunkFiles } = await cli.json<PointDetails>(['point', 'show', 'archive', 'latest'])
    const chunks = readdirSync(cli.vault, { recursive: true, encoding: 'utf8' })
      .filter((name) => chunkFiles.some((needed) => name.endsWith(`${needed}.tcf`)))
      .map((name) => ({ path: join(cli.vault, name), sizeBytes: statSync(join(cli.vault, name)).size }))
    truncateSync(chunks.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0]?.path ?? '', 300)
    expect(await cli.run(['vault', 'verify', 'usb', '--read-data', '100'])).toMatchObject({ status: 8 })
    await go('/')
    const alert = page.getByRole('alert').filter({ hasText: 'The vault “usb” is damaged' })
    await alert.waitFor()
    await takePictures(page, 'overview-damage')
    expect(await findAccessFaults(page)).toEqual([])
    await alert.getByRole('link', { name: 'What it affects' }).click()
    await page
      .getByText(/Damaged objects were found/)
      .first()
      .waitFor()
    expect(await cli.run(['vault', 'verify', 'usb', '--read-data', '100', '--heal'])).toMatchObject({ status: 3 })
    await go('/')
    await page.getByText('All 2 items are protected').waitFor()
    await alert.waitFor({ state: 'detached' })
  })

  test('no script of the pages complained', async () => {
    expect(ui.complaints).toEqual([])
    if (process.env['THARSIS_PICTURES'] === '1') expect(keepPictures()).toEqual([])
  })
})

/** Pictures for README.md, each in both themes. */
const kept = [
  ['full-overview', 'overview'],
  ['restore-plan', 'restore'],
  ['wizard-schedule', 'wizard'],
] as const
const mostPictureBytes = 250_000

/** Replaces those of docs/pictures; returns the names of those that are too large for them. */
function keepPictures(): readonly string[] {
  const folder = join(projectFolder, 'docs', 'pictures')
  mkdirSync(folder, { recursive: true })
  return kept.flatMap(([from, to]) =>
    ['light', 'dark'].flatMap((theme) => {
      const picture = readFileSync(join(screensFolder, `${from}-${theme}-1280.png`))
      if (picture.length > mostPictureBytes) return [`${to}-${theme}`]
      writeFileSync(join(folder, `${to}-${theme}.png`), picture)
      return []
    }),
  )
}
