import t from 'tap'

t.test('a', async t => {
  t.rejects(Promise.reject(new Error('x')))
  t.test('b', t => { t.end() })
  Promise.resolve(4)
})
t.test('b', async t => {
  if (Promise.resolve(false)) t.pass('x')
})
