import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Packages that consist of hundreds of files. Every test file, and every server that one starts, is a process of its own that would
 * load each of them anew: 0.7 s of a core a time. For the run of the tests each is one file; nothing in it is otherwise.
 */
const packages = [
  'kysely', 'kysely/migration', 'stripe', 'typebox', 'typebox/compile', 'typebox/value', '@opentelemetry/api', 'bullmq', 'bullmq-otel', 'ioredis', 'axios', 'jose', 'prom-client', 'ajv', 'ajv-formats', 'fastify', 'tar-stream', 'zip-stream', 'fast-xml-parser'
]
const fileOf = (name: string): string => `${name.replaceAll(/[@/]/g, '-')}.mjs`

/** Writes them into a folder; gives the options for Node with which a process loads them from there. */
export async function bundlePackages (folder: string): Promise<string> {
  const { rolldown } = await import('rolldown')
  // A bundle of CommonJS would export nothing but its default: each is asked what it has.
  const entries = new Map<string, string>(await Promise.all(packages.map(async name => [`entry:${name}`, `export { ${exported(await import(name) as object)} } from '${name}'`] as const)))
  const bundle = await rolldown({
    input: Object.fromEntries(packages.map(name => [fileOf(name).slice(0, -4), `entry:${name}`])),
    platform: 'node',
    external: ['pg'], // its pool comes twice, and a bundle takes the wrong one
    plugins: [{
      name: 'entries',
      resolveId: async function (name, importer) {
        if (entries.has(name)) return name
        return importer !== undefined && entries.has(importer) ? await this.resolve(name, import.meta.filename) : null
      },
      load: name => entries.get(name)
    }]
  })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  await bundle.close()
  return `--import ${pathToFileURL(import.meta.filename).href}`
}

const exported = (module: object): string => Object.keys(module).filter(name => /^\w+$/.test(name)).join(', ')

const folder = process.env.TEST_BUNDLES
if (folder !== undefined && existsSync(folder)) {
  const found = new Map(packages.map(name => [name, pathToFileURL(path.join(folder, fileOf(name))).href]))
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = found.get(specifier)
      return url === undefined || !context.conditions.includes('import') ? next(specifier, context) : { url, format: 'module', shortCircuit: true }
    }
  })
}
