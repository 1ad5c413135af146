import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { adapters } from '../adapters/index.ts'
import { configMarkdown, envExample } from '../core/config-docs.ts'
import { errorsMarkdown } from '../core/errors.ts'
import { eventsMarkdown } from '../core/event-types/describe.ts'
import { rulesMarkdown } from '../core/fiscal/mx/rules/describe.ts'
import { adapterMarkdown, matrixMarkdown } from './adapter-docs.ts'
import { fromDatabase } from './from-database.ts'
import { sdkTypes } from './sdk-types.ts'

/** A file that is made from code and never edited by hand. Another one is another row of `generated`. */
export interface Generated {
  /** From the root of the repository. */
  path: string
  text: () => string | Promise<string>
}

const generated: Generated[] = [
  { path: 'core/db/schema.ts', text: async () => (await fromDatabase()).schema },
  { path: 'docs/openapi.json', text: async () => (await fromDatabase()).openapi },
  { path: 'sdk/schema.ts', text: async () => await sdkTypes((await fromDatabase()).openapi) },
  { path: '.env.example', text: envExample },
  { path: 'docs/config.md', text: configMarkdown },
  { path: 'docs/errors.md', text: errorsMarkdown },
  { path: 'docs/events.md', text: eventsMarkdown },
  { path: 'docs/cfdi-rules.md', text: rulesMarkdown },
  { path: 'docs/adapters/README.md', text: () => matrixMarkdown(adapters) },
  ...adapters.map(adapter => ({ path: `docs/adapters/${adapter.manifest.id}.md`, text: () => adapterMarkdown(adapter) }))
]

/** Folders that hold nothing but generated files: what nobody makes any more goes. */
const owned = ['docs/adapters']

/** Which files differ from what they are made from. With `write` they are put right. */
export async function generate (root: string, files: readonly Generated[], { write, folders = [] }: { write: boolean, folders?: readonly string[] }): Promise<string[]> {
  const stale: string[] = []
  for (const file of files) {
    const target = path.join(root, file.path)
    const text = await file.text()
    if (existsSync(target) && readFileSync(target, 'utf8') === text) continue
    stale.push(file.path)
    if (!write) continue
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  const made = new Set(files.map(file => file.path))
  for (const folder of folders.filter(folder => existsSync(path.join(root, folder)))) {
    for (const name of readdirSync(path.join(root, folder)).map(name => `${folder}/${name}`).filter(name => !made.has(name))) {
      stale.push(name)
      if (write) rmSync(path.join(root, name), { recursive: true })
    }
  }
  return stale
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  const stale = await generate(path.join(import.meta.dirname, '..'), generated, { write: !check, folders: owned })
  for (const file of stale) console.log(check ? `${file} is not what its source says: npm run generate` : `wrote ${file}`)
  if (check && stale.length > 0) process.exitCode = 1
}
