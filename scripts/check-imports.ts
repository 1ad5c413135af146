import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import ts from 'typescript'

/**
 * Who may import whom. Folders of `core/` and files at its root have one name each; a name that is not here is a finding,
 * so that a new folder is placed by someone who thinks; `config` also stands for `config-kinds`. Within a layer imports are
 * free as long as there is no circle.
 */
const layers: readonly (readonly string[])[] = [
  // `adapter` imports nothing of the house, so that everything may import it.
  ['adapter', 'card-digits', 'colour', 'config', 'db', 'end-connections', 'errors', 'escape-html', 'export', 'field-sentences', 'fiscal', 'http-schema', 'ids', 'jobs', 'listen-changes', 'log', 'metrics', 'money', 'net-guard', 'pan', 'random', 'routing', 'scrub', 'tax-ids', 'telemetry', 'urls', 'version', 'x509'],
  ['access', 'alerts', 'api-keys', 'audit', 'documents', 'events', 'idempotency', 'partners', 'sessions', 'tenants', 'users', 'vault'],
  ['adapters', 'backup', 'bank-accounts', 'catalogues', 'certificates', 'connections', 'deliveries', 'invitations', 'issuers', 'notifications', 'operations', 'providers', 'public-pages', 'receivables', 'retention', 'routing-rules', 'series'],
  ['checkout', 'customers', 'disputes', 'fiscal-data', 'invoices', 'payments', 'plans', 'privacy', 'sales', 'store-credits', 'subscriptions', 'verifactu'],
  ['bank-statements', 'demo', 'event-types', 'inbound', 'reconciliation', 'reports', 'support'],
  ['plugins'],
  ['app', 'build-console', 'build-hub', 'job-handlers', 'run-worker', 'schedules', 'start'],
  ['announce', 'cli', 'server', 'worker']
]

/** They only name types of what is lent to everyone, so every layer may name them, as types. Nothing of them is there at run time. */
const onlyTypes = ['hub', 'http']

/** What an adapter's own code may import besides core/adapter, node:* and its own files. */
const sdks: Readonly<Record<string, readonly string[]>> = {
  stripe: ['stripe']
}
/** What every simulator may import. */
const simulatorLibraries = ['fastify', '@fastify/formbody', '@fastify/multipart', 'qs', 'ajv', 'ajv-formats', 'typebox', 'yaml']
/** Official SDKs that drive a simulator, and the tools of tests. */
const testLibraries = ['tap', 'fast-check', 'typebox', 'mercadopago', 'conekta']

/** Not published, but named as packages. */
const workspaces: Readonly<Record<string, string>> = {
  '@pasarela/adapter': 'core/adapter/index.ts',
  '@pasarela/adapter/conformance': 'core/adapter/conformance.ts',
  '@pasarela/client': 'sdk/index.ts',
  '@pasarela/client/webhooks': 'sdk/webhooks.ts'
}

const roots = ['core', 'adapters', 'plugins', 'migrations', 'tenants-ui', 'sdk', 'scripts', 'test', 'bench', 'docs']

interface Import {
  /** As written; undefined when it is computed at run time. */
  specifier: string | undefined
  line: number
  typeOnly: boolean
}

interface Edge extends Import {
  from: string
  /** Path in the repository, or undefined for a package. */
  to: string | undefined
}

/** Every import below `root` that breaks a rule, as `file:line: sentence`. */
export function checkImports (root: string): string[] {
  const files = sourceFiles(root)
  const edges = files.flatMap(file => edgesOf(root, file))
  return [
    ...edges.flatMap(edge => [...new Set(problemsOf(root, edge))].map(problem => `${edge.from}:${edge.line}: ${problem}`)),
    ...unplaced(files),
    ...circles(edges)
  ].sort()
}

function problemsOf (root: string, edge: Edge): string[] {
  const from = placeOf(edge.from)
  const to = edge.to === undefined ? undefined : placeOf(edge.to)
  const problems: string[] = []
  const refuse = (sentence: string) => problems.push(sentence)
  const said = edge.specifier ?? 'a computed name'

  if (edge.to !== undefined && !existsSync(path.join(root, edge.to))) refuse(`imports ${said}, which does not exist`)
  if (to?.top === 'tenants-ui' && from.top !== 'tenants-ui') refuse(`imports ${said}: nobody imports tenants-ui`)
  if (to?.test === true && !from.test && !['scripts', 'test', 'bench'].includes(from.top)) refuse(`imports ${said}, which is for tests`)

  // What a package says of itself, and what tests of every folder share.
  if (edge.to === 'package.json' || (from.test && edge.to?.startsWith('test/'))) return problems
  switch (from.top) {
    case 'adapters':
      problems.push(...adapterProblems(edge, from, to))
      break
    case 'core':
      if (to === undefined) {
        if (from.module === 'adapter' && !from.test && !isOwnPackage(root, edge)) refuse(`imports ${said}, which core/adapter/package.json does not declare`)
      } else if (from.module === 'adapter') {
        if (!within('core/adapter', edge.to)) refuse(`imports ${said}: core/adapter imports nothing else of the house`)
      } else if (to.top === 'adapters') {
        if (edge.from !== 'core/adapters.ts') refuse(`imports ${said}: only core/adapters.ts reads adapters/`)
      } else if (to.top === 'plugins') {
        if (edge.from !== 'core/app.ts' && !from.test) refuse(`imports ${said}: only core/app.ts imports plugins`)
      } else if (to.top === 'sdk') {
        if (from.module !== 'cli' && !from.test) refuse(`imports ${said}: only a command that asks a server by its API is a client`)
      } else if (to.top !== 'core' && !(from.test && to.top === 'migrations')) {
        refuse(`imports ${said}: core imports only core`)
      }
      break
    case 'plugins':
      if (to !== undefined && !['core', 'plugins', 'tenants-ui'].includes(to.top)) refuse(`imports ${said}: plugins import only core and plugins`)
      break
    case 'migrations':
      if (to !== undefined && !from.test && edge.to !== 'migrations/tenant-table.ts') refuse(`imports ${said}: a migration is frozen and imports no app code`)
      break
    case 'sdk':
    case 'tenants-ui':
      if (to !== undefined && to.top !== from.top && !(from.test && from.top === 'sdk') && !(from.top === 'tenants-ui' && to.top === 'sdk')) {
        refuse(`imports ${said}: ${from.top} knows only the public API`)
      }
  }

  // Tests stand beside what they prove and may look up from there.
  for (const [place, what] of [[from, `imports ${said} as a value, but core/${from.module} holds only types`], [to, `imports ${said} as a value, but it holds only types`]] as const) {
    if (place?.top === 'core' && onlyTypes.includes(place.module) && to?.top === 'core' && !edge.typeOnly && !from.test) refuse(what)
  }
  if (problems.length === 0 && to !== undefined && !from.test && from.layer !== undefined && to.layer !== undefined && to.layer > from.layer) {
    refuse(`imports ${said}: ${from.module} (layer ${from.layer}) is below ${to.module} (layer ${to.layer})`)
  }
  return problems
}

function adapterProblems (edge: Edge, from: Place, to: Place | undefined): string[] {
  const said = edge.specifier ?? 'a computed name'
  if (from.module === 'adapters') {
    return to === undefined || to.top === 'adapters' || within('core/adapter', edge.to) ? [] : [`imports ${said}: adapters/${path.basename(edge.from)} only lists adapters`]
  }
  if (edge.specifier === undefined) return ['imports a computed name: an adapter says what it imports']
  if (to === undefined) {
    if (isBuiltin(edge.specifier)) return []
    const allowed = [
      ...sdks[from.module] ?? [],
      ...from.simulator || from.test ? simulatorLibraries : [],
      ...from.test ? testLibraries : []
    ]
    return allowed.includes(packageOf(edge.specifier)) ? [] : [`imports ${said}, which scripts/check-imports.ts does not list for ${from.simulator ? 'simulators' : from.module}`]
  }
  if (within('core/adapter', edge.to)) {
    const conformance = /^core\/adapter\/conformance(\.ts$|\/)/.test(edge.to ?? '')
    return conformance && !from.test ? [`imports ${said}: the suite is for tests`] : []
  }
  if (to.top !== 'adapters') return [`imports ${said}: an adapter imports only core/adapter`]
  if (to.module !== from.module) return [`imports ${said}: an adapter never imports another`]
  if (from.test) return []
  if (to.simulator && !from.simulator) return [`imports ${said}: an adapter never sees its simulator`]
  if (from.simulator && !to.simulator) return [`imports ${said}: a simulator is the provider's twin, not the adapter's; shared code would share the mistakes`]
  return []
}

interface Place {
  top: string
  /** Folder of core, or file at its root; provider in adapters. */
  module: string
  layer: number | undefined
  test: boolean
  simulator: boolean
}

function placeOf (file: string): Place {
  const parts = file.split('/')
  const [top = '', second = ''] = parts
  const deep = parts.length > 2
  const module = top === 'core' ? (deep ? second : second.replace(/\.(ts|tsx|js|mjs)$/, '').replace(/\.(test|live)$/, '')) : top === 'adapters' && deep ? second : top
  const layer = layerOf(top === 'core' ? module : top)
  return {
    top,
    module,
    layer,
    test: /\.(test|live)\.(ts|tsx|js|mjs)$/.test(file) || parts.slice(1, -1).some(folder => ['testing', 'fixtures'].includes(folder)) || top === 'test',
    simulator: top === 'adapters' && (deep && (parts[2]?.replace(/\.ts$/, '') === 'simulator'))
  }
}

/** `config-kinds` stands where `config` stands, unless it has a place of its own. */
function layerOf (name: string): number | undefined {
  const layer = layers.findIndex(names => names.includes(name))
  if (layer !== -1) return layer
  return name.includes('-') ? layerOf(name.slice(0, name.lastIndexOf('-'))) : undefined
}

function unplaced (files: readonly string[]): string[] {
  const places = files.filter(file => file.startsWith('core/')).map(placeOf)
  const names = new Set(places.filter(place => place.layer === undefined && !place.test && !onlyTypes.includes(place.module)).map(place => place.module))
  return [...names].map(name => `core/${name} has no layer: give it one in scripts/check-imports.ts`)
}

/** Circles of files, and of folders of core. `import type` is left out: it is erased, and two files may name each other's types. */
function circles (edges: readonly Edge[]): string[] {
  const inside = edges.filter(({ from, to, typeOnly }) => to !== undefined && !typeOnly && !placeOf(from).test && !placeOf(to).test)
  const files = graph(inside.map(({ from, to }) => [from, to as string]))
  const folders = graph(inside.filter(edge => edge.from.startsWith('core/') && edge.to?.startsWith('core/'))
    .map(({ from, to }) => [`core/${placeOf(from).module}`, `core/${placeOf(to as string).module}`]))
  return [
    ...components(files).map(names => `${names[0]}: imports go in a circle: ${names.join(' → ')} → ${names[0]}`),
    ...components(folders).map(names => `${names[0]}: folders import each other: ${names.join(' → ')} → ${names[0]}`)
  ]
}

function graph (pairs: [string, string][]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [from, to] of pairs) {
    if (from === to) continue
    if (!found.has(from)) found.set(from, new Set())
    found.get(from)?.add(to)
  }
  return found
}

/** One circle through each knot of the graph, starting at its first name: shortest by breadth. */
function components (edges: Map<string, Set<string>>): string[][] {
  const found: string[][] = []
  const told = new Set<string>()
  for (const start of [...edges.keys()].sort()) {
    if (told.has(start)) continue
    const circle = shortestCircle(edges, start)
    if (circle === undefined) continue
    for (const name of circle) told.add(name)
    found.push(circle)
  }
  return found
}

function shortestCircle (edges: Map<string, Set<string>>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const next of edges.get(name) ?? []) {
      if (next === start) {
        const circle = [name]
        for (let at = name; at !== start;) {
          at = cameFrom.get(at) as string
          circle.unshift(at)
        }
        return circle
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, name)
      queue.push(next)
    }
  }
}

function edgesOf (root: string, file: string): Edge[] {
  return importsOf(file, readFileSync(path.join(root, file), 'utf8')).map(found => ({ ...found, from: file, to: resolved(root, file, found.specifier) }))
}

function resolved (root: string, file: string, specifier: string | undefined): string | undefined {
  if (specifier === undefined) return undefined
  const workspace = workspaces[specifier]
  if (workspace !== undefined) return workspace
  if (!/^\.{0,2}\//.test(specifier) && specifier !== '.' && specifier !== '..') return undefined
  const plain = specifier.replace(/[?#].*$/, '')
  const target = plain.startsWith('/') ? path.relative(root, plain) : path.posix.join(path.posix.dirname(file), plain)
  // The web app's bundler lets it leave the ending out.
  const endings = ['', '.ts', '.tsx', '.js', '.d.ts', '/index.ts', '/index.tsx']
  return endings.map(ending => target + ending).find(candidate => existsSync(path.join(root, candidate))) ?? target
}

/** Static and dynamic imports, re-exports, `require` and `import('…')` types. */
export function importsOf (file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean) => found.push({
    specifier: specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined,
    line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
    typeOnly
  })
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnly(node.importClause))
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) add(node, node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) add(node, node.moduleReference.expression, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true)
    else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node.expression) && node.expression.text === 'require'))) {
      add(node, node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isTypeOnly (clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const named = clause.namedBindings
  return clause.name === undefined && named !== undefined && ts.isNamedImports(named) && named.elements.length > 0 && named.elements.every(element => element.isTypeOnly)
}

function sourceFiles (root: string): string[] {
  const skipped = new Set(['node_modules', 'dist', '.tap', '.data', 'results'])
  const walk = (folder: string): string[] => readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const file = `${folder}/${entry.name}`
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(file)
    return /\.(ts|tsx|js|jsx|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [file] : []
  })
  return roots.filter(folder => existsSync(path.join(root, folder))).flatMap(walk).sort()
}

function isOwnPackage (root: string, edge: Edge): boolean {
  if (edge.specifier === undefined || isBuiltin(edge.specifier)) return true
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(path.join(root, 'core/adapter/package.json'), 'utf8')) as Record<string, Record<string, string>>
  return packageOf(edge.specifier) in { ...dependencies, ...peerDependencies }
}

function packageOf (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function within (folder: string, file: string | undefined): boolean {
  return file !== undefined && file.startsWith(`${folder}/`)
}

if (import.meta.main) {
  const findings = checkImports(path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..')))
  for (const finding of findings) console.error(finding)
  if (findings.length > 0) process.exitCode = 1
}
