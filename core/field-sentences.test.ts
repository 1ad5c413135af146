import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { fieldSentence, spanishSentences } from './field-sentences.ts'

t.test('what the server says of a field is there in Spanish as well, wherever it is thrown', async t => {
  const root = path.join(import.meta.dirname, '..')
  const missing: string[] = []
  let seen = 0
  for (const file of globSync('core/**/*.ts', { cwd: root }).filter(file => !/\.test\.ts$|fixtures|core\/(demo|cli)\//.test(file))) {
    const text = readFileSync(path.join(root, file), 'utf8')
    if (!/invalidField\(|\bpath\b[^\n]*message:/.test(text)) continue
    const visit = (node: ts.Node): void => {
      const own: Record<string, ts.Node> = ts.isObjectLiteralExpression(node) ? Object.fromEntries(node.properties.map(one => [one.name?.getText() ?? '', ts.isPropertyAssignment(one) ? one.initializer : one] as const)) : {}
      const said = ts.isCallExpression(node) && node.expression.getText() === 'invalidField' ? node.arguments[1] : own.path !== undefined ? own.message : undefined
      for (const sentence of said === undefined ? [] : sentencesOf(said)) {
        seen++
        if (spanishSentences[sentence] === undefined && sentence !== '{} {}') missing.push(`${file}: ${sentence}`)
      }
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  }
  t.ok(seen > 200)
  t.same(missing, [])
  for (const [english, spanish] of Object.entries(spanishSentences)) t.equal(spanish.split('{}').length, english.split('{}').length, `${english}: as many values`)
  t.equal(fieldSentence('is in USD, and the invoice in MXN', 'es'), 'está en USD, y la factura en MXN')
  t.equal(fieldSentence('must be one of a, b', 'es'), 'debe ser uno de a, b', 'the sentence that says most is taken')
  t.equal(fieldSentence('is in the past', 'en'), 'is in the past')
  t.equal(fieldSentence({ es: 'uno', en: 'one' }, 'es'), 'uno')
})

/** The texts that an expression may be; a value in them is `{}`. */
function sentencesOf (node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node)) return [node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('')]
  return ts.isConditionalExpression(node) ? [...sentencesOf(node.whenTrue), ...sentencesOf(node.whenFalse)] : []
}
