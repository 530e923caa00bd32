// The reader's language: the browser's at first, then the one that was chosen, kept on this device.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en, type Plural, type Words } from './en';
import { it } from './it';

export const LANGUAGES = ['it', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const NAMES: Record<Language, string> = { it: 'Italiano', en: 'English' };
export const languageName = (language: Language): string => NAMES[language];

const WORDS: Record<Language, Words> = { it, en };
const KEY = 'centesimo.language';

interface Speech {
  language: Language;
  /** The browser's own flavour of the language, such as it-CH. */
  locale: string;
  words: Words;
  /** One client, two clients: in the language's plural. */
  plural(forms: Plural, count: number): string;
  choose(language: Language): void;
}

const SpeechContext = createContext<Speech | undefined>(undefined);

const isLanguage = (text: string | null): text is Language => LANGUAGES.some((known) => known === text);

function preferred(): Language {
  const kept = localStorage.getItem(KEY);
  if (isLanguage(kept)) return kept;
  for (const name of navigator.languages) {
    const base = name.slice(0, 2).toLowerCase();
    if (isLanguage(base)) return base;
  }
  return 'en';
}

/** English that names no country is taken for British, whose dates don't start with the month. */
const localeOf = (language: Language): string =>
  navigator.languages.find((name) => name.startsWith(`${language}-`)) ??
  (language === 'en' ? 'en-GB' : 'it-IT');

export function LanguageProvider({ children }: { children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo((): Speech => {
    const locale = localeOf(language);
    const rules = new Intl.PluralRules(locale);
    const numbers = new Intl.NumberFormat(locale);
    return {
      language,
      locale,
      words: WORDS[language],
      plural: (forms, count) =>
        (rules.select(count) === 'one' ? forms.one : forms.other).replace('{n}', numbers.format(count)),
      choose: (next) => {
        localStorage.setItem(KEY, next);
        setLanguage(next);
      },
    };
  }, [language]);
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (!speech) throw new Error('useSpeech needs a LanguageProvider.');
  return speech;
}

/** The words of the reader's language. */
export const useWords = (): Words => useSpeech().words;
