import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { parseXml } from '../xml/parse.ts'
import { escapeAttribute, writeXml } from '../xml/write.ts'
import { buildCfdi } from './build.ts'
import { compileRules, type Rules, type Step } from './cadena/rules.ts'
import { cadenaTables } from './cadena/tables.ts'
import { cadenaOriginal, cadenaTfd, knownComplements } from './cadena.ts'
import { anyCfdi } from './fixtures/arbitrary.ts'
import { ask, oracle, oracleData, satXml } from './fixtures/oracle.ts'
import { refusal } from './fixtures/refusal.ts'
import { cfdi, namespaces, tfd } from './namespaces.ts'
import { timbreOf } from './seal.ts'

const read = (xml: string) => parseXml(Buffer.from(xml)).root
const wrap = (inside: string, attributes = 'Version="4.0"', more = '') => `<cfdi:Comprobante xmlns:cfdi="${cfdi}" xmlns:tfd="${tfd}" ${more} ${attributes}>${inside}</cfdi:Comprobante>`
/** Of the head alone: the required ones that are missing leave their bars. */
const head = (xml: string): string => cadenaOriginal(read(xml))

t.test('a required value that is missing leaves its bar, an optional one that is empty too', async t => {
  t.equal(head(wrap('')), '||4.0||||||||||')
  t.equal(head(wrap('', 'Version="4.0" Serie="" Total="1"')), '||4.0||||||1|||||')
})

t.test('white space is collapsed as XPath does it', async t => {
  const serie = (value: string): string => head(wrap('', `Version="4.0" Serie="${value}"`)).split('|')[3]!
  t.equal(serie('  a \t b\n\nc&#10;&#13;&#9;d  '), 'a b c d')
  t.equal(serie('\u00a0a\u00a0\u2003b\u3000'), '\u00a0a\u00a0\u2003b\u3000', 'of Unicode’s other spaces nothing is touched')
  t.equal(serie('&lt;&amp;&quot;&apos;&#x20AC;é😀'), '<&"\'€é😀')
})

t.test('attributes of another namespace, comments and the Addenda are not in it', async t => {
  t.equal(head(wrap('<!-- x --><cfdi:Addenda><a b="c">d</a></cfdi:Addenda>', 'Version="4.0" x:Serie="A"', 'xmlns:x="urn:x"')), head(wrap('')))
})

t.test('a complement that is not known is named, wherever it stands', async t => {
  for (const place of ['<cfdi:Complemento>?</cfdi:Complemento>', '<cfdi:Conceptos><cfdi:Concepto><cfdi:ComplementoConcepto>?</cfdi:ComplementoConcepto></cfdi:Concepto></cfdi:Conceptos>']) {
    for (const [element, named] of [['<x:Nuevo xmlns:x="http://www.sat.gob.mx/Nuevo10"/>', /x:Nuevo \(http:\/\/www\.sat\.gob\.mx\/Nuevo10\)/], ['<pago10:Pagos xmlns:pago10="http://www.sat.gob.mx/Pagos"/>', /pago10:Pagos/], ['<Suelto/>', /Suelto \(without a namespace\)/], ['<cfdi:Otro/>', /cfdi:Otro/]] as const) {
      t.equal(refusal(() => head(wrap(place.replace('?', element)))), 'complement_unknown')
      t.throws(() => head(wrap(place.replace('?', element))), { message: named })
    }
  }
})

t.test('only a CFDI 4.0 has one, only a TFD 1.1 the other', async t => {
  t.equal(refusal(() => cadenaOriginal(read('<a/>'))), 'not_a_cfdi')
  t.equal(refusal(() => cadenaOriginal(read('<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/3" Version="3.3"/>'))), 'version_not_supported')
  t.equal(refusal(() => cadenaOriginal(read(wrap('', 'Version="5.0"')))), 'version_not_supported')
  t.equal(refusal(() => cadenaTfd(read(`<t:TimbreFiscalDigital xmlns:t="${tfd}" Version="1.0"/>`))), 'not_a_cfdi')
  t.equal(refusal(() => cadenaTfd(read(wrap('')))), 'not_a_cfdi')
  t.equal(cadenaTfd(read(`<t:TimbreFiscalDigital xmlns:t="${tfd}" Version="1.1" UUID="u" SelloSAT="s" SelloCFD="c"/>`)), '||1.1|u|||c|||')
})

t.test('the timbre adds nothing to the cadena of the CFDI', async t => {
  t.equal(head(wrap('<cfdi:Complemento><tfd:TimbreFiscalDigital Version="1.1" UUID="u"/></cfdi:Complemento>')), head(wrap('')))
})

t.test('every complement of the SAT’s stylesheet for 4.0 is known', async t => {
  t.equal(knownComplements.length, 32)
  for (const name of ['Pagos20', 'implocal', 'donat', 'iedu', 'leyendasFiscales', 'nomina12', 'CartaPorte31', 'ComercioExterior20']) t.ok(knownComplements.includes(`http://www.sat.gob.mx/${name}`), name)
  for (const namespace of knownComplements) t.ok(namespaces.has(namespace), `the prefix of ${namespace}`)
})

t.test('sealed documents: the expected bytes', oracle(), async t => {
  const folder = oracleData('cfdi/sealed')
  for (const file of readdirSync(folder).filter(name => name.endsWith('.xml'))) {
    const expected = (ending: string) => readFileSync(path.join(folder, file.replace('.xml', ending)))
    const { root } = parseXml(readFileSync(path.join(folder, file)))
    t.ok(Buffer.from(cadenaOriginal(root)).equals(expected('.cadena.txt')), file)
    const timbre = timbreOf(root)
    if (timbre !== undefined) t.ok(Buffer.from(cadenaTfd(timbre)).equals(expected('.tfd-cadena.txt')), `the timbre of ${file}`)
  }
})

/** The documents whose cadena is not what xsltproc makes of them. It writes them one after the other, so a difference is looked for from its beginning. */
function differing (folder: string, documents: readonly string[], stylesheet: string, ours: (document: string) => string): string[] {
  const files = documents.map((document, index) => {
    writeFileSync(path.join(folder, `${index}.xml`), document)
    return path.join(folder, `${index}.xml`)
  })
  const theirs = ask('xsltproc', ['--novalid', '--nonet', satXml(stylesheet), ...files]).toString()
  let at = 0
  for (const document of documents) {
    const cadena = ours(document)
    if (!theirs.startsWith(cadena, at)) return [`ours   ${cadena}`, `theirs ${theirs.slice(at, at + cadena.length + 200)}`, document]
    at += cadena.length
  }
  return at === theirs.length ? [] : ['theirs goes on', theirs.slice(at)]
}

const cfdiStylesheet = '4/cadenaoriginal_4_0/cadenaoriginal_4_0.xslt'

t.test('xsltproc: the cadena of whatever is built is that of the SAT’s stylesheet', oracle('xsltproc'), async t => {
  const documents = fc.sample(anyCfdi, 80).map(comprobante => writeXml({ root: buildCfdi({ ...comprobante, NoCertificado: '30001000000500003416' }), before: [], after: [] }))
  t.same(differing(temporaryFolder(t), documents, cfdiStylesheet, head), [], `${documents.length} documents`)
})

const values = fc.constantFrom('x', '', ' a  b ', 'ñ & <', 'uno\ndos\t', '1.10', '|')
/** Random elements for a line of the tables: values there and not there, children, others that nobody asks for. */
function elementsOf (rules: Rules, steps: readonly Step[], prefix: string, name: string, depth: number): fc.Arbitrary<string> {
  const attributes = steps.filter(step => step.kind === 'attribute').map(({ name }) => fc.option(values, { freq: 4 }).map(value => value === null ? '' : ` ${name}="${escapeAttribute(value)}"`))
  const children = steps.flatMap(step => step.kind === 'attribute' || (step.kind === 'text' && step.path.length === 0) ? [] : [childrenOf(rules, step, prefix, depth)])
  const text = fc.constantFrom('', 'text ', '\n  <!-- c -->')
  const open = steps.some(step => step.kind === 'children' && step.path[0] === '*')
  const stranger = fc.constantFrom('', '', open ? '' : `<${prefix}:Stranger a="b">c</${prefix}:Stranger>`)
  return fc.tuple(fc.tuple(...attributes), fc.tuple(...children), text, stranger, fc.constantFrom('', ' version="1.1"', ' version="1.0"')).map(([all, below, words, other, version]) => {
    const own = all.join('')
    return `<${prefix}:${name}${own}${own.includes(' version=') ? '' : version}>${words}${other}${below.join('')}</${prefix}:${name}>`
  })
}

function childrenOf (rules: Rules, step: Exclude<Step, { kind: 'attribute' }>, prefix: string, depth: number): fc.Arbitrary<string> {
  const name = step.path.at(-1)!
  const inner = step.kind === 'text' ? [] : step.inline ?? rules.get(name) ?? []
  const items = depth <= 0 || name === '*' ? fc.constant('') : fc.array(elementsOf(rules, inner, prefix, name, depth - 1), { maxLength: 2 }).map(all => all.join(''))
  return step.path.slice(0, -1).reduceRight((inside, wrapper) => inside.map(text => `<${prefix}:${wrapper}>${text}</${prefix}:${wrapper}>`), items)
}

t.test('xsltproc: the tables say what the stylesheets say, for every element of every complement', oracle('xsltproc'), async t => {
  const documents = Object.entries(cadenaTables).filter(([namespace]) => namespace !== tfd).flatMap(([namespace, table]) => {
    const rules = compileRules(table)
    const { prefix } = namespaces.get(namespace)!
    return [...rules].flatMap(([name, steps]) => fc.sample(elementsOf(rules, steps, prefix, name, 4), 4).map(element => {
      if (name === 'Comprobante') return element.replace('>', ` xmlns:cfdi="${cfdi}">`).replace(/ Version="[^"]*"|(?=>)/, ' Version="4.0"')
      const placed = Math.random() < 0.5 ? `<cfdi:Complemento>${element}</cfdi:Complemento>` : `<cfdi:Conceptos><cfdi:Concepto><cfdi:ComplementoConcepto>${element}</cfdi:ComplementoConcepto></cfdi:Concepto></cfdi:Conceptos>`
      return wrap(placed, 'Version="4.0"', namespace === cfdi ? '' : `xmlns:${prefix}="${namespace}"`)
    }))
  })
  t.same(differing(temporaryFolder(t), documents, cfdiStylesheet, head), [], `${documents.length} documents`)
})

t.test('xsltproc: the cadena of the timbre', oracle('xsltproc'), async t => {
  const rules = compileRules(cadenaTables[tfd]!)
  const documents = fc.sample(elementsOf(rules, rules.get('TimbreFiscalDigital')!, 'tfd', 'TimbreFiscalDigital', 1), 30)
    .map(element => element.replace('>', ` xmlns:tfd="${tfd}">`).replace(/ Version="[^"]*"|(?=>)/, ' Version="1.1"'))
  t.same(differing(temporaryFolder(t), documents, 'TimbreFiscalDigital/cadenaoriginal_TFD_1_1.xslt', document => cadenaTfd(read(document))), [], `${documents.length} documents`)
})
