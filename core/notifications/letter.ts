import { inkOn, isColour } from '../colour.ts'
import { escapeHtml } from '../escape-html.ts'

/** What a mail says, before it has a look: whoever writes one knows nothing of HTML. Kept sealed, so that a repeat is the same mail. */
export interface Letter {
  language: 'es' | 'en'
  subject: string
  /** Whose name stands as the sender. */
  sender: string
  replyTo?: string
  /** `#rrggbb` */
  colour?: string
  heading: string
  greeting?: string
  paragraphs: string[]
  /** What the sender wrote in their own words; its lines are kept. */
  message?: string
  facts: [label: string, value: string][]
  actions: { label: string, url: string }[]
  /** Small print, a line each. */
  footer: string[]
  /** It comes from test mode, and says so everywhere. */
  test: boolean
}

export interface Rendered { subject: string, text: string, html: string }

const testLine = { es: 'Correo de prueba: los documentos no tienen validez fiscal.', en: 'A mail of test mode: the documents have no legal validity.' }
const testMark = { es: '[PRUEBA]', en: '[TEST]' }
const defaultColour = '#1f3a5f'

/** As text and as HTML that says the same. `logo`: the cid of an image that travels with it. */
export function renderLetter (letter: Letter, { logo }: { logo?: string } = {}): Rendered {
  return { subject: oneLine(`${letter.test ? `${testMark[letter.language]} ` : ''}${letter.subject}`), text: textOf(letter), html: htmlOf(letter, logo) }
}

/** A header is one line, whatever was written in it. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()

function textOf ({ language, heading, greeting, paragraphs, message, facts, actions, footer, test }: Letter): string {
  const blocks = [
    test ? testLine[language] : undefined,
    heading,
    greeting,
    ...paragraphs,
    message,
    facts.map(([label, value]) => `${label}: ${value}`).join('\n'),
    ...actions.map(({ label, url }) => `${label}:\n${url}`),
    footer.length === 0 ? undefined : ['--', ...footer].join('\n')
  ]
  return blocks.filter(block => block !== undefined && block !== '').join('\n\n') + '\n'
}

/** Tables and styles in place: what mail programs understand. Nothing is loaded from anywhere. */
function htmlOf ({ language, subject, sender, colour, heading, greeting, paragraphs, message, facts, actions, footer, test }: Letter, logo: string | undefined): string {
  const brand = colour !== undefined && isColour(colour) ? colour : defaultColour
  const say = escapeHtml
  const lines = (text: string): string => say(text).replace(/\r\n?|\n/g, '<br>')
  const paragraph = (text: string): string => `<p style="margin:0 0 14px">${lines(text)}</p>`
  const fact = ([label, value]: [string, string]): string => `<tr><td style="padding:5px 16px 5px 0;color:#5c6670;vertical-align:top">${say(label)}</td><td style="padding:5px 0;word-break:break-word">${say(value)}</td></tr>`
  const action = ({ label, url }: { label: string, url: string }): string => isWebUrl(url)
    ? `<p style="margin:18px 0"><a href="${say(url)}" style="background:${brand};color:${inkOn(brand)};padding:11px 20px;border-radius:4px;text-decoration:none;display:inline-block">${say(label)}</a></p>`
    : paragraph(`${label}: ${url}`)
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${say(subject)}</title></head>`,
    '<body style="margin:0;padding:0;background:#f3f4f6">',
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">',
    '<table role="presentation" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;background:#ffffff;border-radius:6px;font:15px/1.5 Arial,Helvetica,sans-serif;color:#1c2329">',
    test ? `<tr><td style="background:#8a4b00;color:#ffffff;padding:8px 28px;font-size:13px">${say(testLine[language])}</td></tr>` : '',
    `<tr><td style="border-top:5px solid ${brand};padding:24px 28px 0">`,
    logo === undefined ? `<strong style="color:${brand}">${say(sender)}</strong>` : `<img src="cid:${say(logo)}" alt="${say(sender)}" style="max-height:64px;max-width:240px">`,
    `<h1 style="font-size:20px;line-height:1.3;margin:18px 0 14px">${say(heading)}</h1></td></tr>`,
    '<tr><td style="padding:0 28px 8px">',
    greeting === undefined ? '' : paragraph(greeting),
    ...paragraphs.map(paragraph),
    message === undefined ? '' : `<blockquote style="margin:0 0 14px;padding:2px 0 2px 14px;border-left:3px solid ${brand}">${lines(message)}</blockquote>`,
    facts.length === 0 ? '' : `<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px;margin:0 0 14px">${facts.map(fact).join('')}</table>`,
    ...actions.map(action),
    '</td></tr>',
    footer.length === 0 ? '' : `<tr><td style="padding:14px 28px 22px;border-top:1px solid #e3e6e9;font-size:12px;color:#5c6670">${footer.map(lines).join('<br>')}</td></tr>`,
    '</table></td></tr></table></body></html>'
  ].join('')
}

function isWebUrl (url: string): boolean {
  const protocol = URL.parse(url)?.protocol
  return protocol === 'https:' || protocol === 'http:'
}
