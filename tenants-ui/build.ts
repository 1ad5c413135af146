/** `node build.ts FOLDER`: the console, built into FOLDER, each file beside its compressed forms. Run by core/build-console.ts and by `npm run build`. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const outDir = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, 'dist'))
await build({ configFile: path.join(import.meta.dirname, 'vite.config.ts'), logLevel: 'warn', build: { outDir, emptyOutDir: true } })

for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
  const file = path.join(outDir, name)
  if (!/\.(js|css|svg)$/.test(name) || statSync(file).size < 1024) continue
  const bytes = readFileSync(file)
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }))
}
