import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

/** Makes the README's picture of the upper part of a bundle's report, down to the end of its claims. */
const [bundle, picture] = process.argv.slice(2)
if (bundle === undefined || picture === undefined) {
  process.stderr.write('node test/report-picture.ts evidence/<bundle> docs/report.png\n')
  process.exit(2)
}

/** As on a desk; the picture is three quarters of it. */
const width = 1200
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  const page = await browser.newPage({ viewport: { width, height: 1200 }, deviceScaleFactor: 0.75 })
  await page.goto(pathToFileURL(join(bundle, 'report.html')).href)
  const claims = await page.locator('table').first().boundingBox()
  const height = claims!.y + claims!.height
  await page.screenshot({ path: picture, fullPage: true, clip: { x: 0, y: 0, width, height } })
} finally {
  await browser.close()
}
