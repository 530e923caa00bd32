import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { changed, type View } from '../lib/location';
import { Link } from './link';

/** From a page of the shop to its overview, with the same period. */
export function BackToOverview({ view }: { view: View }): ReactNode {
  const words = useWords();
  return (
    <p className="targets no-print">
      <Link view={changed(view, { page: { name: 'overview' }, outcome: undefined })}>
        ← {words.backToOverview}
      </Link>
    </p>
  );
}
