/** One value or one descent, as a line of the tables says it. */
export type Step =
  | { kind: 'attribute', name: string, required: boolean, version?: string }
  | { kind: 'text', path: readonly string[], required: boolean }
  | { kind: 'children', path: readonly string[], anyDepth: boolean, inline?: readonly Step[] }

/** The steps of each element of a namespace, by its name. */
export type Rules = ReadonlyMap<string, readonly Step[]>

/** Reads the notation that `tables.ts` explains. */
export function compileRules (table: string): Rules {
  const rules = new Map<string, readonly Step[]>()
  for (const line of table.split('\n')) {
    const [, name, steps] = /^\s*([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined) rules.set(name, compileSteps(steps!.split(/\s+/)))
  }
  return rules
}

function compileSteps (words: string[]): Step[] {
  const steps: Step[] = []
  for (let word = words.shift(); word !== undefined && word !== ')'; word = words.shift()) {
    if (word === '') continue
    if (word.startsWith('>')) {
      const inline = word.endsWith('(') ? compileSteps(words) : undefined
      steps.push({ kind: 'children', path: word.replace(/^>+|\($/g, '').split('/'), anyDepth: word.startsWith('>>'), ...inline !== undefined && { inline } })
      continue
    }
    const required = !word.endsWith('?')
    const said = required ? word : word.slice(0, -1)
    const [, name, version] = /^([^(]+)(?:\(version=(.+)\))?$/.exec(said)!
    if (said === '.') steps.push({ kind: 'text', path: [], required })
    else if (said.startsWith('=')) steps.push({ kind: 'text', path: said.slice(1).split('/'), required })
    else steps.push({ kind: 'attribute', name: name!, required, ...version !== undefined && { version } })
  }
  return steps
}
