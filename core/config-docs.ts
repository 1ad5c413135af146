import { isFamily } from './config.ts'
import { variables } from './config-table.ts'
import type { Variable } from './config-table.ts'

/** `.env.example`: every variable with its default, or an example where there is none, commented out. */
export function envExample (): string {
  const sections = groups().map(([group, rows]) => [`# ── ${group} ──`, ...rows.flatMap(([name, variable]) => [
    '',
    `# ${variable.description}${isFamily(name) ? ' <ID>: the adapter\'s id in capitals.' : ''}`,
    `# Takes ${variable.kind.expected}.${variable.defaultFrom === undefined ? '' : ` Default: ${variable.defaultFrom.text.replaceAll('`', '')}.`}`,
    `# ${name.replace('<ID>', 'STRIPE')}=${variable.default ?? variable.example ?? ''}`
  ])].join('\n'))
  return ['# Made from core/config-table.ts by `npm run generate`. Copy what you need to .env; an empty variable counts as absent.', ...sections].join('\n\n') + '\n'
}

/** `docs/config.md`. */
export function configMarkdown (): string {
  const sections = groups().map(([group, rows]) => [
    `## ${group}`,
    '',
    '| Variable | Takes | Default | Meaning |',
    '|---|---|---|---|',
    ...rows.map(([name, variable]) => `| \`${name}\` | ${cell(variable.kind.expected)} | ${cell(defaultOf(variable))} | ${cell(meaningOf(variable))} |`)
  ].join('\n'))
  return [
    '# Configuration',
    '<!-- Made from core/config-table.ts by `npm run generate`: change it there. -->',
    [
      'The hub is configured by environment variables. They are all checked at the start: a process that finds one wrong, or finds a `PASARELA_…` name that it',
      'does not know, lists every problem and ends. An empty variable counts as absent. Values marked *secret* appear in no log.'
    ].join('\n'),
    [
      '`<ID>` stands for the id of an adapter in capitals; its underscores stay, and `-` is written `_`: the one for `bank_transfer` is',
      '`PASARELA_PROVIDER_URL_BANK_TRANSFER`. Durations are written `500ms`, `5s`, `10m`, `2h`, `7d`; names that end in `_MS` take bare milliseconds.'
    ].join('\n'),
    ...sections
  ].join('\n\n') + '\n'
}

function groups (): Array<[group: string, rows: Array<[name: string, variable: Variable]>]> {
  const rows = Object.entries<Variable>(variables)
  return [...Map.groupBy(rows, ([, variable]) => variable.group)]
}

function defaultOf (variable: Variable): string {
  return variable.defaultFrom?.text ?? (variable.default === undefined ? 'none' : `\`${variable.default}\``)
}

function meaningOf (variable: Variable): string {
  const example = variable.example === undefined ? '' : ` Example: \`${variable.example}\`.`
  return `${variable.secret ? '*Secret.* ' : ''}${variable.description}${example}`
}

function cell (text: string): string {
  return text.replaceAll('|', '\\|')
}
