import { escapeHtml as escape } from '../../core/escape-html.ts'

/** Fills `{{name}}`, escaped, and `{{{name}}}`, which is HTML of ours. A placeholder without a value is a mistake. */
export function fill (template: string, values: Readonly<Record<string, string>>): string {
  const value = (name: string): string => {
    if (!Object.hasOwn(values, name)) throw new Error(`the page has a placeholder {{${name}}} and nothing for it`)
    return values[name]!
  }
  return template.replace(/\{\{\{(\w+)\}\}\}|\{\{(\w+)\}\}/g, (_, html: string | undefined, text: string) => html === undefined ? escape(value(text)) : value(html))
}
