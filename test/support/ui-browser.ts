/** The pages in Debian's Chromium: one window, looked at in two sizes and two themes, and checked by axe. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type BrowserContext, chromium, type Page } from 'playwright'
import type { CliHome } from './cli-home.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
export const screensFolder = join(projectFolder, '.tmp', 'screens')

const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const

export interface UiBrowser extends AsyncDisposable {
  readonly page: Page
  /** What scripts of the pages complained of, as text. */
  readonly complaints: readonly string[]
}

/** Builds the pages that an agent with `--web` serves. */
export function buildPages(): void {
  const built = spawnSync('npm', ['run', '-s', 'build:renderer'], {
    cwd: projectFolder,
    encoding: 'utf8',
    // Not the tests' own: React would be built for development.
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`)
}

/** Starts the agent of a home with its pages; resolves with the address that lets a browser in. Port 0: any that is free. */
export async function startWebAgent(
  cli: CliHome,
  { port = 0, env = {} }: { readonly port?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const said = await cli.startAgent(['--web', '--port', String(port)], { env: { HOME: cli.folder, ...env } })
  const login = /http:\/\/127\.0\.0\.1:\d+\/login\?token=\S+/.exec(said)?.[0]
  if (login === undefined) throw new Error(`the agent told no address: ${said}`)
  return login
}

/** Waits until the page shows what it was to load. */
export async function nothingLoads(page: Page): Promise<void> {
  await page.locator('.loading').first().waitFor({ state: 'detached', timeout: 30_000 })
}

export async function openUiBrowser(): Promise<UiBrowser> {
  mkdirSync(screensFolder, { recursive: true })
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // Chromium's own sandbox does not start for root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  const context: BrowserContext = await browser.newContext({
    viewport: sizes[0],
    locale: 'en-GB',
    colorScheme: 'light',
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A browser says by itself that a server is gone.
    if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket/.test(message.text())) complaints.push(message.text())
  })
  return { page, complaints, [Symbol.asyncDispose]: async () => await browser.close() }
}

/** Pictures of the page as it is: both sizes, both themes. */
export async function takePictures(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const size of sizes) {
      await page.setViewportSize(size)
      await page.screenshot({ path: join(screensFolder, `${name}-${colorScheme}-${size.width}.png`) })
    }
  }
  await page.setViewportSize(sizes[0])
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}

/** What axe finds wrong on the page as it is, in both themes; a line each. */
export async function findAccessFaults(page: Page): Promise<readonly string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // All in this page: axe's usual way opens another one, which a headless Chromium never shows.
    // What react-aria says to screen readers names elements that are gone a moment later, and goes itself after seconds.
    const builder = new AxeBuilder({ page }).setLegacyMode().exclude('[data-live-announcer]')
    const { violations } = await builder.analyze()
    for (const { id, nodes } of violations) {
      found.push(
        ...nodes.map(({ html, any }) => `${colorScheme} ${id}: ${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
      )
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  return found
}

/** Scrolls `selector` from its top to its bottom in so many frames; returns how long each frame took, in ms, sorted. */
export async function measureScrolling(page: Page, selector: string, frames: number): Promise<readonly number[]> {
  // As text: it runs in the page, whose types are not those of the tests.
  return await page.evaluate<number[]>(`(async () => {
    const element = document.querySelector(${JSON.stringify(selector)})
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const most = element.scrollHeight - element.clientHeight
    const durations = []
    let before = await nextFrame()
    for (let frame = 1; frame <= ${frames}; frame++) {
      element.scrollTop = (most * frame) / ${frames}
      const now = await nextFrame()
      durations.push(now - before)
      before = now
    }
    return durations.sort((a, b) => a - b)
  })()`)
}

/** When the page that is open was painted for the first time, in ms from when it was asked for. */
export async function firstPaint(page: Page): Promise<number> {
  return await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity`)
}
