/** A reader of PromQL, as far as our dashboard and rules use it: what it does not know is refused, so that nothing unread is believed. */

export interface Selector { metric: string, labels: string[] }
/** Metrics with the labels that are matched on them; and labels by which is grouped. */
export interface Query { selectors: Selector[], grouped: string[] }

const aggregations = new Set(['sum', 'max', 'min', 'avg', 'count', 'topk', 'bottomk'])
const functions = new Set(['rate', 'increase', 'histogram_quantile', 'absent', 'min_over_time', 'max_over_time', 'vector', 'clamp_min'])
const operators = ['==', '!=', '>=', '<=', '>', '<', '+', '-', '*', '/', 'and', 'or', 'unless']
const token = /\s*(?:(\d+(?:\.\d+)?(?![\w.])|\[[\w$]+\]|"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|=~|!~|==|!=|>=|<=|[-+*/><=(){},]))/y

/** Throws at what is no query. */
export function readQuery (text: string): Query {
  const tokens: string[] = []
  token.lastIndex = 0
  while (text.slice(token.lastIndex).trim() !== '') {
    const at = token.lastIndex
    const found = token.exec(text)
    if (found === null) throw new Error(`cannot read ${text.slice(at)}`)
    tokens.push(found[1]!)
  }
  const query: Query = { selectors: [], grouped: [] }
  let at = 0
  const peek = () => tokens[at]
  const take = (wanted?: string): string => {
    const next = tokens[at++]
    if (next === undefined || (wanted !== undefined && next !== wanted)) throw new Error(`expected ${wanted ?? 'more'}, found ${next ?? 'the end'} in ${text}`)
    return next
  }
  const names = (): string[] => {
    take('(')
    const found: string[] = []
    while (peek() !== ')') {
      found.push(take())
      if (peek() === ',') take()
    }
    take(')')
    return found
  }
  const grouping = (): void => {
    if (peek() !== 'by' && peek() !== 'without') return
    take()
    query.grouped.push(...names())
  }
  const args = (): void => {
    take('(')
    while (peek() !== ')') {
      expression()
      if (peek() === ',') take()
    }
    take(')')
  }
  function expression (): void {
    operand()
    while (operators.includes(peek() ?? '')) {
      take()
      operand()
    }
  }
  function operand (): void {
    const next = take()
    if (/^\d/.test(next) || next.startsWith('"')) return
    if (next === '(') {
      expression()
      take(')')
      return
    }
    if (!/^[a-zA-Z_:]/.test(next)) throw new Error(`${next} begins nothing in ${text}`)
    if (aggregations.has(next)) {
      grouping()
      args()
      grouping()
    } else if (peek() === '(') {
      if (!functions.has(next)) throw new Error(`${next} is no function that is known here`)
      args()
    } else {
      query.selectors.push({ metric: next, labels: matchers() })
      if (peek()?.startsWith('[') === true) {
        if (!/^\[(\d+[smhd]|\$__rate_interval)\]$/.test(take())) throw new Error(`no range in ${text}`)
      }
    }
  }
  function matchers (): string[] {
    if (peek() !== '{') return []
    take()
    const labels: string[] = []
    while (peek() !== '}') {
      labels.push(take())
      if (!['=', '!=', '=~', '!~'].includes(take())) throw new Error(`no matcher in ${text}`)
      const value = take()
      if (!value.startsWith('"')) throw new Error(`${value} is no string in ${text}`)
      RegExp(value.slice(1, -1))
      if (peek() === ',') take()
    }
    take('}')
    return labels
  }
  expression()
  if (at < tokens.length) throw new Error(`${tokens[at]} is left over in ${text}`)
  return query
}
