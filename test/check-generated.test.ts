import t from 'tap'
import { failureOf } from './support/npm-script.ts'

t.test('generated files say what their sources say', async t => { t.equal(await failureOf('generated'), '') })
