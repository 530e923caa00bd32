import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { useSpeech } from '../i18n/language';
import { createFormat, type Format } from './format';

const FormatContext = createContext<Format | undefined>(undefined);

export function FormatProvider({ timeZone, children }: { timeZone: string; children: ReactNode }): ReactNode {
  const { locale } = useSpeech();
  const format = useMemo(() => createFormat(locale, timeZone), [locale, timeZone]);
  return <FormatContext value={format}>{children}</FormatContext>;
}

export function useFormat(): Format {
  const format = useContext(FormatContext);
  if (!format) throw new Error('useFormat needs a FormatProvider.');
  return format;
}
