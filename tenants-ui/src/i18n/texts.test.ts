import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { destination } from '../pages/login/next.ts'
import { languageOf, type Phrase } from './texts.ts'

const src = path.join(import.meta.dirname, '..')
/** Words that are the same in both. */
const same = /^[\s\p{P}\d]*$|^(Pasarela|Español|English|\.p12|CSD \(\.cer \+ \.key\)|No|Total|—)$/u

t.test('every page speaks both languages: no key is missing, empty or left as it was', async t => {
  const files = globSync('**/*.ts', { cwd: src }).filter(file => !file.endsWith('.test.ts') && /\btexts\(\{/.test(readFileSync(path.join(src, file), 'utf8')))
  t.ok(files.length > 6)
  for (const file of files) {
    const bundles = Object.entries(await import(path.join(src, file)) as Record<string, unknown>).filter((entry): entry is [string, { es: Record<string, Phrase>, en: Record<string, Phrase> }] => typeof entry[1] === 'object' && entry[1] !== null && 'es' in entry[1] && 'en' in entry[1])
    for (const [name, { es, en }] of bundles) {
      t.same(Object.keys(en).toSorted(), Object.keys(es).toSorted(), `${file}: ${name}`)
      for (const key of Object.keys(es)) {
        const [one, other] = [said(es[key]!), said(en[key]!)]
        t.ok(one.trim() !== '' && other.trim() !== '' && (one !== other || same.test(one) || sameWord.has(one)), `${file}: ${key} in both: ${one} / ${other}`)
        t.equal(count(es[key]!), count(en[key]!), `${file}: ${key} takes the same values`)
      }
    }
  }
})

/** Words of one form in Spanish and English. */
const sameWord = new Set(['Error', 'Status', 'Check', 'General', 'Total', 'Plan', 'Normal', 'Local', 'Original', 'Animal', 'Visible', 'Experimental', 'Webhook', 'Webhooks', 'CSV', 'Excel', 'PDF', 'XML', 'QR', 'WhatsApp', 'API'])

const said = (phrase: Phrase): string => typeof phrase === 'string' ? phrase : phrase(...Array.from({ length: phrase.length }, () => 'x') as never[])
const count = (phrase: Phrase): number => typeof phrase === 'string' ? 0 : phrase.length

t.test('no sentence stands in a component', async t => {
  for (const file of globSync('**/*.tsx', { cwd: src })) {
    const found = [...readFileSync(path.join(src, file), 'utf8').matchAll(/[\w'}]>[ ]*([\p{L}][\p{L} ,.…¿?¡!]{3,}?)[ ]*<\//gu)].map(([, text]) => text!).filter(text => text !== 'Pasarela')
    t.same(found, [], file)
  }
})

t.test('the browser’s first language that we speak is spoken; Spanish when it says nothing', async t => {
  for (const [wanted, expected] of [[['es-MX'], 'es'], [['pt-BR', 'es-AR', 'en'], 'es'], [['EN-us', 'es'], 'en'], [['fr', 'de'], 'en'], [[], 'es'], [['eso'], 'en']] as const) t.equal(languageOf(wanted), expected, wanted.join())
})

t.test('after the login a person stays here, wherever next points', async t => {
  const origin = 'https://pay.example.com'
  const elsewhere = [null, '', 'admin', 'https://evil.example/', 'https://pay.example.com.evil.example/', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example',
    '/\t/evil.example', '/\n/evil.example', '\t//evil.example', ' //evil.example', 'javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', '@evil.example', '//pay.example.com@evil.example', '//[', `${origin}@evil.example`]
  for (const next of elsewhere) t.equal(destination(next, origin), undefined, JSON.stringify(next))
  t.equal(new URL(destination('/.//evil.example', origin)!).origin, origin, 'a path that begins with two slashes once it is resolved')
  for (const path of ['/admin/queues', '/admin/queues/manage?status=active#x', '/docs#/Payments', '/a//evil.example', '/%2f/evil.example']) t.equal(destination(path, origin), origin + path)
})
