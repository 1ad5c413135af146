import t from 'tap'
import { failureOf } from './support/npm-script.ts'

t.test('the style holds, and nobody imports upward', async t => { t.equal(await failureOf('lint'), '') })
