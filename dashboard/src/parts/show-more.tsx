import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';

/** How much of a list is shown, and the way to more of it. */
export function ShowMore(props: {
  list: { nodes: readonly unknown[]; totalCount: number; pageInfo: { hasNextPage: boolean } };
  /** Instead of "Show more". */
  name?: string;
  onMore: () => Promise<unknown>;
}): ReactNode {
  const { list, name, onMore } = props;
  const words = useWords();
  const format = useFormat();
  const [waiting, setWaiting] = useState(false);
  const ask = (): void => {
    setWaiting(true);
    // What failed is still there to be asked for again.
    const done = (): void => setWaiting(false);
    onMore().then(done, done);
  };
  return (
    <div className="pages">
      <p className="muted small">
        {words.shownOf(format.count(list.nodes.length), format.count(list.totalCount))}
      </p>
      {list.pageInfo.hasNextPage && (
        <button type="button" className="no-print" disabled={waiting} onClick={ask}>
          {name ?? words.showMore}
        </button>
      )}
    </div>
  );
}
