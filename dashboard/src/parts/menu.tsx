// What is needed now and then is in a menu.
import { type ReactNode, useId } from 'react';
import { useWords } from '../i18n/language';

const ICONS = { reader: 'M3 5h14M3 10h14M3 15h14', view: 'M4 10h.01M10 10h.01M16 10h.01' };

/** Of the reader, or of the view, which lies open where there is room for it. */
export function Menu({ of, children }: { of: 'reader' | 'view'; children: ReactNode }): ReactNode {
  const words = useWords();
  const id = useId();
  return (
    <>
      <button
        type="button"
        className={`menu-button no-print ${of}`}
        popoverTarget={id}
        aria-label={words.menus[of]}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d={ICONS[of]} />
        </svg>
      </button>
      <div id={id} popover="auto" className={`menu no-print ${of}`}>
        {children}
      </div>
    </>
  );
}
