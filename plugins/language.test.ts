import t from 'tap'
import { languageOf } from './language.ts'

t.test('the language wanted most wins, and English when nothing is said', async t => {
  const cases: Array<[string | undefined, string]> = [
    [undefined, 'en'], ['', 'en'], ['es', 'es'], ['en', 'en'], ['es-MX,es;q=0.9,en;q=0.8', 'es'], ['en-US,en;q=0.9,es;q=0.8', 'en'],
    ['fr,es;q=0.5,en;q=0.4', 'es'], ['fr', 'en'], ['ES', 'es'], ['es;q=0', 'en'], ['*', 'en'], ['en;q=0.1, es;q = 0.2', 'es'], ['es;q=nonsense', 'es'], [`${'x'.repeat(10_000)},es`, 'en']
  ]
  for (const [header, language] of cases) t.equal(languageOf(header), language, header?.slice(0, 40) ?? 'absent')
})
