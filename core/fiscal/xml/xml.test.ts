import assert from 'node:assert/strict'
import fc from 'fast-check'
import { XmlDocument as LibxmlDocument } from 'libxml2-wasm'
import t from 'tap'
import { canonicalDocument, canonicalElement } from './c14n.ts'
import { attribute, elements, firstElement, textOf, type XmlDocument, type XmlElement } from './element.ts'
import { parseXml, XmlError } from './parse.ts'
import { writeXml } from './write.ts'

const parse = (text: string): XmlDocument => parseXml(Buffer.from(text))
const reasonOf = (text: string | Uint8Array, options?: { maxBytes: number }): string => {
  try {
    parseXml(typeof text === 'string' ? Buffer.from(text) : text, options)
    return 'read'
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    return error.reason
  }
}

t.test('what is read', async t => {
  const { root, before, after } = parse('\ufeff<?xml version="1.0" encoding="utf-8" standalone=\'yes\'?>\r\n<!-- a --><?p q?><e:r xmlns:e="urn:e" xmlns="urn:d" a=" 1\t2&#10;3 " e:a=\'"\'>x<![CDATA[<&]]>&amp;y<b/>\r\n<c></c></e:r><!--z-->\n')
  t.match(root, { qname: 'e:r', name: 'r', namespace: 'urn:e', namespaces: [['e', 'urn:e'], ['', 'urn:d']] })
  t.equal(attribute(root, 'a'), ' 1 2\n3 ', 'white space of a value becomes spaces, a reference to it stays')
  t.same(root.attributes[1], { qname: 'e:a', name: 'a', namespace: 'urn:e', value: '"' })
  t.equal(textOf(root), 'x<&&y\n')
  t.same(elements(root).map(({ namespace }) => namespace), ['urn:d', 'urn:d'])
  t.equal(firstElement(root, 'urn:d', 'c')!.children.length, 0)
  t.same([before, after].map(nodes => nodes.map(({ kind }) => kind)), [['comment', 'instruction'], ['comment']])
  t.equal(attribute(parse('<a Año="ñ" b="&#x1F600;"/>').root, 'Año'), 'ñ')
})

t.test('nothing from outside is read, and nothing expands', async t => {
  t.equal(reasonOf('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'), 'doctype')
  t.equal(reasonOf('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'), 'doctype')
  t.equal(reasonOf('<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>'), 'doctype')
  t.equal(reasonOf('<a>&x;</a>'), 'entity')
  t.equal(reasonOf('<a b="&nbsp;"/>'), 'entity')
  t.equal(reasonOf('<a>&constructor;</a>'), 'entity')
})

t.test('sizes are bounded', async t => {
  t.equal(reasonOf('<a/>', { maxBytes: 3 }), 'too_large')
  t.equal(reasonOf(Buffer.alloc(10 * 1024 * 1024 + 1, 0x20)), 'too_large')
  t.equal(reasonOf(`${'<a>'.repeat(100)}${'</a>'.repeat(100)}`), 'read')
  t.equal(reasonOf(`${'<a>'.repeat(101)}${'</a>'.repeat(101)}`), 'too_deep')
  t.equal(reasonOf(`<a ${Array.from({ length: 300 }, (_, index) => `a${index}=""`).join(' ')}/>`), 'malformed')
})

const refused: readonly (readonly [reason: string, text: string])[] = [
  ...['', ' ', 'x', '<', '<a', '<a>', '<a/', '<a></b>', '<a></a b>', '<a/><b/>', '<a/>x', 'x<a/>', '<a b/>', '<a b=c/>', '<a b="c/>', '<a b="<"/>', '<a b="1"c="2"/>', '<a>]]></a>', '<a><![CDATA[</a>', '<a>&</a>', '<a>&amp</a>', '<a>&;</a>', '<a b="&#;"/>',
    '<!-- a -- b --><a/>', '<!-- a ---><a/>', '<a><!--</a>', '<?xml?><a/>', '<a><?xml version="1.0"?></a>', '<a><?XmL x?></a>', '<a><?p</a>', ' <?xml version="1.0"?><a/>', '<?xml version="1.1"?><a/>', '<1a/>', '<a><!b></a>', '</a>', '< a/>', '<a xmlns:p="urn:p"></p:a>'
  ].map(text => ['malformed', text] as const),
  ...['<p:a/>', '<a p:b=""/>', '<a xmlns:p=""/>', '<a xmlns:xml="urn:x"/>', '<a xmlns:xmlns="urn:x"/>', '<a xmlns="http://www.w3.org/2000/xmlns/"/>', '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>', '<a:b:c xmlns:a="urn:a"/>', '<a><b xmlns:p="urn:p"/><p:c/></a>'].map(text => ['namespace', text] as const),
  ...['<a b="" b=""/>', '<a xmlns="urn:a" xmlns="urn:b"/>', '<a xmlns:p="urn:p" xmlns:p="urn:q"/>', '<a xmlns:p="urn:p" xmlns:q="urn:p" p:b="" q:b=""/>'].map(text => ['duplicate', text] as const),
  ...['<a>\u0000</a>', '<a>\u0008</a>', '<a>\ufffe</a>', '<a>&#0;</a>', '<a>&#x8;</a>', '<a>&#xD800;</a>', '<a>&#x110000;</a>', '<a b="&#xFFFF;"/>'].map(text => ['character', text] as const),
  ['encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>']
]

t.test('what is not XML is refused with its reason', async t => {
  for (const [reason, text] of refused) t.equal(reasonOf(text), reason, JSON.stringify(text))
  t.equal(reasonOf(Buffer.from('<a>\xe9</a>', 'latin1')), 'encoding', 'Latin-1')
  t.equal(reasonOf(Buffer.from('\ufeff<a/>', 'utf16le')), 'encoding', 'UTF-16')
  t.equal(reasonOf(Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0x80, 0x3c, 0x2f, 0x61, 0x3e])), 'encoding', 'an overlong NUL')
})

t.test('a problem has its place', async t => {
  t.throws(() => parse('<a>\n  <b c="1" c="2"/>\n</a>'), { message: 'c stands twice (line 2, column 12)' })
})

// --- another reader as the judge ----------------------------------------------------------------------------------------

const words = fc.array(fc.constantFrom(...'ab ñ€😀<>&"\'\t\n\r\u00a0\u0085\u2028]', 'é'), { maxLength: 8 }).map(parts => parts.join(''))
const names = fc.constantFrom('a', 'b', 'ñ', 'c-1')
const prefixes = fc.constantFrom('', 'p', 'q')
// libxml2 does not escape what is special in a namespace's URI, which Canonical XML asks for: it is no judge of that.
const uris = fc.constantFrom('urn:1', 'urn:2')

const trees: fc.Arbitrary<XmlElement> = fc.letrec<{ element: XmlElement }>(tie => ({
  element: fc.record({
    prefix: prefixes,
    name: names,
    declared: fc.uniqueArray(fc.tuple(prefixes, uris), { maxLength: 2, selector: ([prefix]) => prefix }),
    attributes: fc.uniqueArray(fc.tuple(prefixes, names, words), { maxLength: 3, selector: ([prefix, name]) => `${prefix}:${name}` }),
    children: fc.array(fc.oneof({ depthSize: 'small' },
      words.map(value => ({ kind: 'text' as const, value })), fc.constant({ kind: 'comment' as const, value: ' c ' }), fc.constant({ kind: 'instruction' as const, target: 'pi', value: 'x y' }), tie('element')
    ), { maxLength: 4 })
  }).map(({ prefix, name, declared, attributes, children }): XmlElement => ({
    kind: 'element',
    qname: prefix === '' ? name : `${prefix}:${name}`,
    name,
    namespace: '',
    namespaces: declared,
    attributes: attributes.map(([prefix, name, value]) => ({ qname: prefix === '' ? name : `${prefix}:${name}`, name, namespace: '', value })),
    children
  }))
})).element

/** With both prefixes declared, and read anew: so its namespaces are resolved and its texts merged. Undefined when two attributes turn out to be one. */
const documents = trees.map(root => writeXml({ root: { ...root, namespaces: [['p', 'urn:p'], ['q', 'urn:q'], ...root.namespaces.filter(([prefix]) => prefix === '')] }, before: [{ kind: 'instruction', target: 'top', value: '' }], after: [{ kind: 'comment', value: 'end' }] }))
  .filter(text => reasonOf(text) === 'read')

function libxmlCanonical (text: string, xpath?: string): string {
  const document = LibxmlDocument.fromString(text)
  try {
    return xpath === undefined ? document.canonicalizeToString() : document.get(xpath)!.canonicalizeToString()
  } finally {
    document.dispose()
  }
}

t.test('what is written is read back as it was, and its canonical form is that of libxml2', async t => {
  await fc.assert(fc.asyncProperty(documents, async text => {
    const document = parse(text)
    assert.deepEqual(parse(writeXml(document)), document)
    assert.equal(canonicalDocument(document), libxmlCanonical(text))
  }), { numRuns: 200 })
  t.pass()
})

t.test('the canonical form of one element takes the namespaces around it along', async t => {
  await fc.assert(fc.asyncProperty(trees, async inner => {
    const text = `<x:r xmlns:x="urn:x" xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="es"><mid xmlns:x="urn:y" xml:lang="en">${writeXml({ root: inner, before: [], after: [] }).replace(/^.*\n/, '')}</mid></x:r>`
    if (reasonOf(text) !== 'read') return
    const { root } = parse(text)
    const [mid] = elements(root)
    const [target] = elements(mid!)
    assert.equal(canonicalElement(target!, [root, mid!]), libxmlCanonical(text, '/*/*/*'))
  }), { numRuns: 100 })
  t.pass()
})

t.test('what libxml2 refuses is refused, and what is read means the same to both', async t => {
  const pieces = ['<', '>', '/', '&', ';', '"', "'", '=', ' ', '!', '-', '--', '?', '[', ']', ']]>', ':', 'xmlns:p="urn:z"', '&#0;', '&#65;', '&x;', '<!DOCTYPE a>', '<![CDATA[', '\t', 'ñ', '', '', '']
  await fc.assert(fc.asyncProperty(documents, fc.nat(), fc.nat(6), fc.constantFrom(...pieces), async (text, place, cut, piece) => {
    const at = place % text.length
    const mutated = (text.slice(0, at) + piece + text.slice(at + cut)).toWellFormed()
    if (reasonOf(mutated) !== 'read') return
    try {
      assert.equal(canonicalDocument(parse(mutated)), libxmlCanonical(mutated), mutated)
    } catch (error) {
      // It also judges whether a namespace is an absolute URI, which is none of ours.
      if (!/is not (a valid URI|absolute)|Failed to canonicalize/.test(String(error))) throw error
    }
  }), { numRuns: 500 })
  t.pass()
})
