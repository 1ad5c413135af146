import { capabilitiesOf, type Adapter, exponentOf, type OperationName } from '../core/adapter/index.ts'

const notice = '<!-- Made from the adapters by `npm run generate`: change them there. -->'

/** What each capability is to someone who chooses a provider. Reads that only serve the hub itself are not in it. */
const shown: Partial<Record<OperationName, string>> = {
  create_payment: 'Take a payment',
  confirm_payment: 'Try again on the same payment',
  capture: 'Hold now, capture later',
  cancel: 'Cancel a payment',
  refund: 'Refund, whole or in part',
  list_transactions: 'List transactions, to reconcile',
  register_webhook: 'Webhook registered by API',
  provoke_webhook: 'Webhook tried out on demand',
  issue: 'Issue a document',
  validate_document: 'Validate a document',
  cancel_document: 'Cancel a document',
  download: 'Download XML and PDF',
  credit_note: 'Credit note',
  payment_receipt: 'Payment receipt',
  self_invoice: 'Self-invoicing page',
  register_sale: 'Register a sale',
  global_invoice: 'Global invoice',
  account_status: 'Stamps left'
}

/** `docs/adapters/README.md`: asked of the adapters themselves, a method that exists is the capability. */
export function matrixMarkdown (adapters: readonly Adapter[]): string {
  const sorted = [...adapters].sort((a, b) => a.manifest.id.localeCompare(b.manifest.id))
  const able = new Map(sorted.map(adapter => [adapter, new Set(capabilitiesOf(adapter))]))
  const rows = Object.entries(shown).filter(([operation]) => sorted.some(adapter => able.get(adapter)?.has(operation as OperationName)))
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    '# Adapters',
    notice,
    'What each provider can do through the hub. What is missing here is answered with `capability_not_supported` (422).',
    [
      row(['', ...sorted.map(({ manifest }) => `[${manifest.name}](${manifest.id}.md)${manifest.experimental ? ' *' : ''}`)]),
      row(['---', ...sorted.map(() => ':-:')]),
      ...rows.map(([operation, words]) => row([words, ...sorted.map(adapter => able.get(adapter)?.has(operation as OperationName) ? '✓' : '–')])),
      row(['Countries', ...sorted.map(({ manifest }) => String(manifest.countries.length))]),
      row(['Currencies', ...sorted.map(({ manifest }) => manifest.currencies.length === 0 ? '–' : String(manifest.currencies.length))]),
      row(['Webhook signature covers', ...sorted.map(({ manifest }) => manifest.webhooks === null ? '–' : covers[manifest.webhooks.signs])])
    ].join('\n'),
    ...sorted.some(({ manifest }) => manifest.experimental) ? ['\\* Experimental: offered only with `PASARELA_EXPERIMENTAL=1`.'] : [],
    'An adapter that is not here can come as an npm package: [for adapter authors](../adapter-authors.md).'
  ].join('\n\n') + '\n'
}

const covers = { body: 'the whole body', partial: 'a part', none: 'nothing' }

const safeties = {
  'idempotency-key': 'sent again with the same key, which the provider recognises',
  'natural-key': 'sent again: the provider recognises our reference',
  'query-first': 'sent again only after the provider was asked',
  never: 'never sent again by itself: a person decides'
}

/** `docs/adapters/<id>.md`: the manifest, to be read. */
export function adapterMarkdown ({ manifest, ...rest }: Adapter): string {
  const capabilities = capabilitiesOf({ manifest, ...rest })
  const { webhooks } = manifest
  const parts: (string | undefined)[] = [
    `# ${manifest.name}`,
    notice,
    manifest.experimental ? 'Experimental: facts are incomplete. It is offered only with `PASARELA_EXPERIMENTAL=1`.' : undefined,
    `Id \`${manifest.id}\`. Modes: ${manifest.modes.join(', ')}. ${manifest.own_bank === true ? 'No origins: nobody is asked over a network' : `Origins: ${manifest.modes.map(mode => `${mode} ${Object.values(manifest.base_urls[mode]).map(url => `\`${url}\``).join(', ')}`).join('; ')}`}.`,
    `Can: ${capabilities.map(name => `\`${name}\``).join(', ')}.`,

    '## Connect',
    numbered(manifest.setup_steps.map(({ en }) => en)),
    table(['Credential', 'Needed', 'Secret', 'What it is', 'Where it is found'], Object.entries(manifest.credentials.properties).map(([name, field]) => [
      `\`${name}\`<br>${field.title.en}`, manifest.credentials.required.includes(name) ? 'yes' : 'no', field.secret ? 'yes' : 'no', field.help.en, field.where.en
    ])),
    ...Object.keys(manifest.settings.properties).length === 0
      ? []
      : ['### Settings', table(['Setting', 'Default', 'Meaning'], Object.entries(manifest.settings.properties).map(([name, property]) => [`\`${name}\``, property.default === '' ? 'none' : `\`${String(property.default)}\``, property.description.en]))],

    ...manifest.oauth === undefined
      ? []
      : [
          '### With a button',
          `Tenants may also connect by consent at the provider (\`POST /v1/connections/oauth\`), where the operator has an application. ${manifest.oauth.refresh_ahead_ms === 0 ? 'The consent does not end by itself.' : `Its tokens are renewed ${duration(manifest.oauth.refresh_ahead_ms)} before their end.`} The operator does once:`,
          numbered(manifest.oauth.operator_steps.map(({ en }) => en)),
          `\`PASARELA_OPERATOR_FILE_${manifest.id.toUpperCase()}\` then names a JSON file, \`{"test": {…}, "live": {…}}\`, either or both, with:`,
          table(['Field', 'Needed', 'Secret', 'Where it is found'], Object.entries(manifest.oauth.app.properties).map(([name, field]) => [`\`${name}\`<br>${field.title.en}`, manifest.oauth!.app.required.includes(name) ? 'yes' : 'no', field.secret ? 'yes' : 'no', field.where.en]))
        ],

    '## Where and how',
    `Countries: ${list(manifest.countries)}.`,
    manifest.currencies.length === 0 ? undefined : `Currencies: ${list(manifest.currencies)}.`,
    manifest.methods.length === 0
      ? undefined
      : table(['Payment method', 'Currencies', 'Countries'], manifest.methods.map(({ type, currencies, countries, experimental }) => [`\`${type}\`${experimental === true ? ' (experimental)' : ''}`, currencies === undefined ? 'all' : list(currencies), countries === undefined ? 'all' : list(countries)])),
    ...Object.keys(manifest.amounts).length === 0
      ? []
      : ['### Amounts', 'In our minor units. Where nothing is said the provider counts as ISO 4217 does.', table(['Currency', 'Smallest', 'Largest', 'Counted by the provider'], amountRows(manifest))],

    '## Webhooks',
    ...webhooks === null
      ? ['This provider sends none: the hub asks.']
      : [
          `The signature covers ${covers[webhooks.signs]}${webhooks.signs === 'body' ? '' : ', so a webhook only makes the hub ask the provider'}. The provider waits ${webhooks.answer_within_ms / 1000} s for an answer. ${capabilities.includes('register_webhook') ? 'The hub registers the webhook by API.' : 'It is registered by hand.'}`,
          `Events: ${webhooks.events.map(name => `\`${name}\``).join(', ')}.`,
          webhooks.manual_steps.length === 0 ? undefined : `By hand:\n\n${numbered(webhooks.manual_steps.map(({ en }) => en))}`
        ],

    '## When an answer does not come',
    table(['Operation', 'What the hub may do'], Object.entries(manifest.retry_safety).map(([operation, safety]) => [`\`${operation}\``, `\`${safety}\`: ${safeties[safety]}`])),
    [
      manifest.idempotency_window_ms === 0 ? 'The provider knows no idempotency keys.' : `The provider remembers a key for ${duration(manifest.idempotency_window_ms)}.`,
      `What cannot be found ${duration(manifest.settles_within_ms)} after it was asked for was never made.`,
      `Requests each second, per connection: ${manifest.rate_limits.test} in test mode, ${manifest.rate_limits.live} in live mode.`
    ].join(' '),
    ...Object.keys(manifest.errors).length === 0
      ? []
      : ['## Errors', table(['Code of the provider', 'Ours'], Object.entries(manifest.errors).sort(([a], [b]) => a < b ? -1 : 1).map(([theirs, ours]) => [`\`${theirs}\``, `\`${ours}\``]))],

    '## Sources',
    manifest.sources.map(source => `- [${source.title}](${source.url}), read on ${source.read_on}`).join('\n'),
    `What surprised us: [QUIRKS.md](../../adapters/${manifest.id}/QUIRKS.md).`
  ]
  return parts.filter(part => part !== undefined && part !== '').join('\n\n') + '\n'
}

function amountRows ({ amounts }: Adapter['manifest']): string[][] {
  return Object.entries(amounts).sort(([a], [b]) => a < b ? -1 : 1).map(([currency, { minimum, maximum, exponent, multipleOf }]) => [
    currency,
    minimum === undefined ? '' : String(minimum),
    maximum === undefined ? '' : String(maximum),
    [
      exponent === undefined || exponent === exponentOf(currency) ? '' : `with ${exponent} decimals (ISO 4217: ${exponentOf(currency)})`,
      multipleOf === undefined ? '' : `in steps of ${multipleOf}`
    ].filter(Boolean).join(', ')
  ])
}

function table (head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return rows.length === 0 ? '' : [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function numbered (steps: readonly string[]): string {
  return steps.map((step, index) => `${index + 1}. ${step}`).join('\n')
}

function list (codes: readonly string[]): string {
  return [...codes].sort().join(', ')
}

function duration (ms: number): string {
  const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]] as const
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1]
  return `${ms / size} ${unit}${unit === 'ms' || ms === size ? '' : 's'}`
}
