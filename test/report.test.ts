import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { changeKinds, judge, observe, sabotageKinds } from '../demos/proof/index.ts'
import { inject, provenRun, type SyntheticOptions, type SyntheticRun } from '../demos/proof/synthetic.ts'
import { ethernet, ipv4, udp } from '../demos/proof/synthetic-packet.ts'
import { renderReport } from '../demos/report/report.ts'

// The page as a reader has it: in a real browser, from a file, without the network.
const scratch = mkdtempSync(join(tmpdir(), 'wireproof-report-'))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
before(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  rmSync(scratch, { recursive: true, force: true })
})

const everythingBroken = { sabotages: sabotageKinds }
const everythingChanged = { changes: changeKinds }
/** As a demo has it. */
const oneChange = { changes: ['upgrade'] } as const

function written(
  name: string,
  change?: (run: SyntheticRun) => void,
  options: SyntheticOptions = everythingBroken,
): string {
  const run = provenRun(options)
  change?.(run)
  const view = observe(run)
  const path = join(scratch, `${name}.html`)
  const created = new Date('2026-11-24T03:45:00Z')
  writeFileSync(path, renderReport(view, judge(view), { created, directory: '/evidence/synthetic-1' }))
  return path
}

const leak = (run: SyntheticRun) =>
  inject(run, 'encrypted', 'wire/a', ethernet(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.alloc(4)))))

interface Shown {
  readonly page: Page
  /** What the page asked for besides itself, and what it complained of. */
  readonly asked: readonly string[]
}

async function show(path: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Shown> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options })
  const asked: string[] = []
  const url = pathToFileURL(path).href
  page.on('request', (request) => request.url() !== url && asked.push(request.url()))
  page.on('console', (message) => asked.push(message.text()))
  page.on('pageerror', (error) => asked.push(error.message))
  await page.goto(url)
  return { page, asked }
}

/** What a screen reader's user, or one who sees little, would stumble over. */
async function violations(page: Page): Promise<string[]> {
  // The page allows no script, its own tests included, but what is evaluated from outside.
  const found = (await page.evaluate(`${axe}; axe.run()`)) as AxeResults
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  )
}

const overflow = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe('the report in a browser', () => {
  test('asks for nothing and complains of nothing', async () => {
    const { page, asked } = await show(written('quiet'))
    assert.deepEqual(asked, [])
    assert.equal(await page.locator('h1').textContent(), 'PROVEN')
    await page.close()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`can be read by everybody, ${colorScheme}`, async () => {
      const changed = written('changed', undefined, everythingChanged)
      for (const path of [written('proven'), written('leak', leak), changed]) {
        const { page } = await show(path, { colorScheme })
        assert.deepEqual(await violations(page), [])
        await page.close()
      }
    })

  test('is dark where the reader wants it dark', async () => {
    const backgrounds = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await show(written('colours'), { colorScheme })
      backgrounds.push(
        await page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor'),
      )
      await page.close()
    }
    assert.notEqual(backgrounds[0], backgrounds[1])
  })

  test('control: a page with an unnamed picture and faint text is found wanting', async () => {
    const path = join(scratch, 'bad.html')
    writeFileSync(
      path,
      '<!doctype html><title>x</title><img src=""><p style="color:#ddd;background:#fff">faint</p>',
    )
    const { page } = await show(path)
    const found = (await violations(page)).map((each) => each.split(':')[0])
    for (const rule of ['image-alt', 'color-contrast', 'html-has-lang']) assert.ok(found.includes(rule), rule)
    await page.close()
  })

  test('is read with the keyboard alone: every part that scrolls can be reached, and is seen to be', async () => {
    const { page } = await show(written('keys'), { viewport: { width: 700, height: 600 } })
    const expected = await page.locator('[tabindex="0"]').count()
    assert.ok(expected >= 5)
    const reached = new Set<string>()
    for (let presses = 0; presses < expected; presses++) {
      await page.keyboard.press('Tab')
      const name = await page.evaluate<string>('document.activeElement.ariaLabel ?? ""')
      const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle')
      assert.notEqual(name, '')
      assert.notEqual(outline, 'none', name)
      reached.add(name)
    }
    assert.ok(reached.has('Flows in every arm') && reached.has('Claims and checks'))

    const flows = page.getByRole('region', { name: 'Flows in every arm' })
    await flows.focus()
    await page.keyboard.press('ArrowRight')
    // The page's policy for scripts forbids what the browser's driver would poll with.
    let scrolled = 0
    for (let attempt = 0; attempt < 40 && scrolled === 0; attempt++) {
      await page.waitForTimeout(50)
      scrolled = await page.evaluate<number>('document.activeElement.scrollLeft')
    }
    assert.ok(scrolled > 0)
    await page.close()
  })

  test('tells a screen reader what the pictures show', async () => {
    const { page } = await show(written('heard'))
    const row = page.getByRole('row', { name: /^a1 → b1/ })
    assert.match((await row.textContent())!, /in clear/)
    const cells = await row.getByRole('cell').allInnerTexts()
    assert.equal(cells.length, 16)
    for (const cell of cells) assert.match(cell, /\d+ (encrypted|in clear|stopped)|no packet/)
    const headings = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => tagName))
    assert.equal(headings[0], 'H1')
    assert.equal(headings.filter((each) => each === 'H1').length, 1)
    await page.close()
  })

  for (const options of [everythingBroken, oneChange])
    test(`has room for everything on a phone, and on paper: ${Object.keys(options)}`, async () => {
      const { page } = await show(written('narrow', undefined, options), {
        viewport: { width: 360, height: 700 },
      })
      assert.ok((await overflow(page)) <= 0, 'the page scrolls sideways')
      await page.setViewportSize({ width: 720, height: 1000 })
      await page.emulateMedia({ media: 'print' })
      assert.ok((await overflow(page)) <= 0, 'something is cut off on paper')
      const pdf = await page.pdf({ format: 'A4' })
      const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0
      assert.ok(pages >= 3 && pages <= 12, `${pages} pages`)
      await page.close()
    })

  test('shows the canary lit where it can be read, and nothing lit where it cannot', async () => {
    const { page } = await show(written('lit'))
    const dumps = page.locator('.dump')
    const lit = await dumps.evaluateAll((all) => all.map((dump) => dump.querySelector('.lit') !== null))
    assert.deepEqual(lit, [true, false, true, true])
    const background = (kind: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('.dump ${kind}')).backgroundColor`)
    const [mark, plain] = [await background('.lit'), await background('.plain')]
    assert.notEqual(mark, plain)
    await page.close()
  })

  test('of a leak begins with the frames that leaked', async () => {
    const { page } = await show(written('leaked', leak))
    assert.equal(await page.locator('h1').textContent(), 'LEAK')
    const frames = page.locator('section[aria-labelledby="failed"] table')
    const [first, claims] = [await frames.boundingBox(), await page.locator('#claims').boundingBox()]
    assert.ok(first!.y < claims!.y)
    assert.match(
      (await frames.textContent())!,
      /encrypted\/wire\/a.*UDP 10\.0\.1\.2:9 → 10\.0\.2\.2:9 in clear/s,
    )
    await page.close()
  })
})
