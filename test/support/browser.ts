import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import type { Teardown } from './database.ts'
import { temporaryFolder } from './folder.ts'

/** The Chromium that comes with npm. It unpacks itself, and the libraries that a bare image lacks, into the temporary folder: one of this file's own. */
export async function launchBrowser (t: Teardown): Promise<Browser> {
  const folder = temporaryFolder(t)
  const changed = { TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', FONTCONFIG_PATH: path.join(folder, 'fonts'), LD_LIBRARY_PATH: path.join(folder, 'al2023', 'lib') }
  const before = Object.fromEntries(Object.keys(changed).map(name => [name, process.env[name]]))
  Object.assign(process.env, changed)
  try {
    const { default: packed } = await import('@sparticuz/chromium')
    const executablePath = await packed.executablePath()
    // The one that it brings looks for them in /tmp; without any, every text is 0 px high.
    writeFileSync(path.join(folder, 'fonts', 'fonts.conf'), `<?xml version="1.0"?><fontconfig><dir>${folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${folder}/font-cache</cachedir></fontconfig>`)
    // Its own arguments switch off web security, which would prove nothing.
    const launched = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'], env: { ...process.env } })
    t.teardown(async () => { await launched.close() })
    return launched
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  }
}
