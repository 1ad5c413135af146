export type Language = 'es' | 'en'

/** The language that a caller wants most of the two that we speak; English when it does not say. */
export function languageOf (acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').slice(0, 500).split(',').map(entry => {
    const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';')
    const q = parameters.map(parameter => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/.exec(parameter)?.[1]).find(value => value !== undefined)
    return { language: tag.split('-')[0], weight: q === undefined ? 1 : Number(q) }
  })
  const weightOf = (language: Language) => Math.max(0, ...wanted.filter(entry => entry.language === language).map(({ weight }) => weight))
  return weightOf('es') > weightOf('en') ? 'es' : 'en'
}
