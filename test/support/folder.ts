import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Teardown } from './database.ts'

/** A folder of its own, gone with the test. */
export function temporaryFolder (t: Teardown): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pasarela-test-files-'))
  t.teardown(async () => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}
