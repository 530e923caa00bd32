import type { ReactNode } from 'react';
import { LANGUAGES, languageName, useSpeech } from '../i18n/language';
import { stay, useSession } from '../lib/session';
import { chooseTheme, THEMES, useTheme } from '../lib/theme';

/** Language and appearance: of this reader, so kept on the device rather than in the address. */
export function Preferences(): ReactNode {
  const { words, language, choose } = useSpeech();
  const theme = useTheme();
  return (
    <div className="preferences">
      <label>
        <span className="label">{words.language}</span>
        <select
          name="language"
          value={language}
          onChange={({ target }) => {
            const next = LANGUAGES.find((known) => known === target.value);
            if (next) choose(next);
          }}
        >
          {LANGUAGES.map((known) => (
            <option key={known} value={known} lang={known}>
              {languageName(known)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="label">{words.theme}</span>
        <select
          name="theme"
          value={theme}
          onChange={({ target }) => {
            const next = THEMES.find((known) => known === target.value);
            if (next) chooseTheme(next);
          }}
        >
          {THEMES.map((known) => (
            <option key={known} value={known}>
              {words.themes[known]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Also for who came by a link: signed in on this device until they sign out. */
export function StayToggle(): ReactNode {
  const { words } = useSpeech();
  const stays = useSession()?.stays === true;
  return (
    <label className="check">
      <input type="checkbox" name="stay" checked={stays} onChange={({ target }) => stay(target.checked)} />
      {words.staySignedIn}
    </label>
  );
}
