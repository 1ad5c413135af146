import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { type Language, languageOf, type Texts } from './texts.ts'
import { read, write } from '../storage.ts'

interface Spoken {
  language: Language
  /** For Intl: the language, as it is written in the tenant's country. */
  locale: string
  setLanguage: (language: Language) => void
  /** ISO 3166-1; told by whoever knows the tenant. */
  setCountry: (country: string | undefined) => void
}

const Context = createContext<Spoken | null>(null)
const key = 'language'

let present: Language = 'es'
/** For the API client, which is no component: the language of the sentences that the server answers. */
export const presentLanguage = (): Language => present

export function LanguageProvider ({ children }: { children: ReactNode }) {
  const [language, setOwn] = useState<Language>(() => {
    const kept = read(key)
    present = kept === 'es' || kept === 'en' ? kept : languageOf(navigator.languages)
    return present
  })
  const [country, setCountry] = useState<string>()
  const setLanguage = useCallback((wanted: Language) => {
    present = wanted
    write(key, wanted)
    setOwn(wanted)
  }, [])
  useEffect(() => { document.documentElement.lang = language }, [language])
  const value = useMemo<Spoken>(() => ({ language, locale: country === undefined ? language : `${language}-${country}`, setLanguage, setCountry }), [language, country, setLanguage])
  return <Context value={value}>{children}</Context>
}

export function useLanguage (): Spoken {
  const spoken = useContext(Context)
  if (spoken === null) throw new Error('no LanguageProvider')
  return spoken
}

/** The words of one page in the present language. */
export function useTexts<Words> (both: Texts<Words>): Words {
  return both[useLanguage().language]
}
