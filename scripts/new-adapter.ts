import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'

/**
 * Writes the folder of a new adapter from `scripts/adapter-template/`, which is type-checked with everything else. It loads,
 * it runs in the conformance suite, and it fails there with the list of what it owes.
 */

const root = path.join(import.meta.dirname, '..')
const families = ['payments', 'invoicing']
const usage = `usage: npm run new-adapter -- <id> [--family ${families.join('|')}] [--into <folder of adapters>]`

export class Refused extends Error {}

export interface Written {
  folder: string
  files: string[]
  /** False when the list could not be edited safely: then a person adds the two lines. */
  listed: boolean
  lines: [importLine: string, entry: string]
}

export function newAdapter ({ id, family = 'payments', into = path.join(root, 'adapters') }: { id: string, family?: string, into?: string }): Written {
  if (!/^[a-z][a-z0-9_]{1,30}$/.test(id)) throw new Refused(`"${id}" is not an id: 2 to 31 lower-case letters, digits and underscores, a letter first`)
  if (!families.includes(family)) throw new Refused(`"${family}" is not a family: ${families.join(' or ')}`)
  const folder = path.join(into, id)
  if (existsSync(folder)) throw new Refused(`${folder} exists already`)
  const name = camelCase(id)
  if (!isIdentifier(name)) throw new Refused(`"${id}" is a word of the language and cannot be imported by that name`)
  if (existsSync(path.join(into, `${id}.ts`))) throw new Refused(`${into} has a file of that name`)

  const templates = ['shared', family].map(part => path.join(import.meta.dirname, 'adapter-template', part))
  const core = path.relative(folder, path.join(root, 'core')).replaceAll(path.sep, '/')
  mkdirSync(folder, { recursive: true })
  const files = templates.flatMap(template => readdirSync(template).map(file => path.join(template, file))).map(from => {
    const file = path.basename(from)
    const text = readFileSync(from, 'utf8')
      .replaceAll("'../shared/", "'./")
      .replaceAll("'../../../core/", `'${core}/`)
      .replaceAll('startAcme', `start${capital(name)}`)
      .replace(/^import acme from/m, `import ${name} from`)
      .replace(/adapter: acme,/, `adapter: ${name},`)
      .replaceAll('acme', id)
      .replaceAll('Acme', titleOf(id))
    const target = file.replace('adapter-test.ts', 'adapter.test.ts')
    writeFileSync(path.join(folder, target), text, { flag: 'wx' })
    return target
  })
  const lines: Written['lines'] = [`import ${name} from './${id}/adapter.ts'`, name]
  return { folder, files, lines, listed: list(path.join(into, 'index.ts'), lines) }
}

/** Adds the adapter to `adapters/index.ts`, if that still looks as we know it: imports, and one array called `adapters`. */
function list (file: string, [importLine, entry]: Written['lines']): boolean {
  if (!existsSync(file)) return false
  const text = readFileSync(file, 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const imports = source.statements.filter(ts.isImportDeclaration)
  const array = source.statements.filter(ts.isVariableStatement).flatMap(statement => [...statement.declarationList.declarations])
    .find(declaration => declaration.name.getText() === 'adapters')?.initializer
  const lastImport = imports.at(-1)
  if (lastImport === undefined || array === undefined || !ts.isArrayLiteralExpression(array)) return false
  const lastEntry = array.elements.at(-1)
  const at = lastEntry?.getEnd() ?? array.getStart() + 1
  const apart = text.slice(lastEntry?.getFullStart() ?? at, lastEntry?.getStart() ?? at).includes('\n') ? '\n  ' : ' '
  const listed = `${text.slice(0, at)}${lastEntry === undefined ? '' : `,${apart}`}${entry}${text.slice(at)}`
  const importsEnd = lastImport.getEnd() // the imports stand before the array
  writeFileSync(file, `${listed.slice(0, importsEnd)}\n${importLine}${listed.slice(importsEnd)}`)
  return true
}

function camelCase (id: string): string {
  return id.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/_$/, '')
}

function capital (word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function titleOf (id: string): string {
  return id.split('_').filter(Boolean).map(capital).join(' ')
}

function isIdentifier (name: string): boolean {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, name)
  return scanner.scan() === ts.SyntaxKind.Identifier && scanner.getTokenEnd() === name.length && !['adapters', 'conformance', 'arguments', 'eval'].includes(name)
}

function main (): void {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { family: { type: 'string' }, into: { type: 'string' } } })
    const [id, ...more] = positionals
    if (id === undefined || more.length > 0) throw new Refused(usage)
    const { folder, files, listed, lines } = newAdapter({ id, family: values.family, into: values.into && path.resolve(values.into) })
    const shown = path.relative(process.cwd(), folder)
    console.log(`${files.map(file => `wrote ${path.join(shown, file)}`).join('\n')}
${listed ? 'added to index.ts of the same folder' : `add to index.ts of the same folder:\n  ${lines[0]}\n  ${lines[1]}, in the array`}

It loads, and owes everything. What exactly:
  node ${path.join(shown, 'adapter.test.ts')}
If it needs the provider's SDK, list it in scripts/check-imports.ts. The guide: docs/adapter-authors.md`)
  } catch (error) {
    if (!(error instanceof Refused) && !(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error
    console.error((error as Error).message)
    process.exitCode = 1
  }
}

if (import.meta.main) main()
