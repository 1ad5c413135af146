/**
 * Words of the UI. Each page has its own `texts.ts`, loaded with the page; Spanish is written first and says which keys there
 * are, so that English with a missing, an extra or a differently called key does not compile. tenants-ui/src/i18n/texts.test.ts
 * reads every one of them.
 */
export const languages = ['es', 'en'] as const
export type Language = typeof languages[number]

/** A sentence, or one that is made of values. */
export type Phrase = string | ((...values: never[]) => string)

type Same<Es> = { [Key in keyof Es]: Es[Key] extends (...values: infer Values) => string ? (...values: Values) => string : string }

export interface Texts<Words> { es: Words, en: Words }

export function texts<const Es extends Record<string, Phrase>> (both: { es: Es, en: NoInfer<Same<Es>> }): Texts<Same<Es>> {
  return both as unknown as Texts<Same<Es>>
}

/** The first of the browser's languages that we speak; Spanish is what most of our people speak. */
export function languageOf (wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = languages.find(language => tag.toLowerCase().split('-')[0] === language)
    if (found !== undefined) return found
  }
  return wanted.length === 0 ? 'es' : 'en'
}
