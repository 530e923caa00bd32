// Parts of the page that are files of their own: loaded when they are first shown, and no part of the first view.
import { type ComponentType, createElement, lazy, type ReactNode, Suspense } from 'react';
import { useWords } from '../i18n/language';
import { Notice } from './notice';
import { Skeleton } from './panel';

export function lazily<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => ReactNode {
  const Part = lazy(async () => ({
    // The server is away; or it has another version by now, whose files have other names.
    default: await load().catch((): ComponentType<Props> => NotLoaded),
  }));
  return (props) => (
    <Suspense fallback={<Skeleton className="tall-shape" />}>{createElement(Part, props)}</Suspense>
  );
}

function NotLoaded(): ReactNode {
  const words = useWords();
  const retry = (): void => {
    // Without the server, what is on the screen is better than a page that can't be opened.
    fetch(location.pathname).then(
      () => location.reload(),
      () => undefined,
    );
  };
  return (
    <Notice kind="warning" title={words.partNotLoaded}>
      <button type="button" onClick={retry}>
        {words.retry}
      </button>
    </Notice>
  );
}
