import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';

/** How much of a list is shown, and the way to more of it. */
export function ShowMore(props: {
  list: { nodes: readonly unknown[]; totalCount: number; pageInfo: { hasNextPage: boolean } };
  loading: boolean;
  onMore: () => Promise<unknown>;
}): ReactNode {
  const { list, loading, onMore } = props;
  const words = useWords();
  const format = useFormat();
  return (
    <div className="pages">
      <p className="muted small">
        {words.shownOf(format.count(list.nodes.length), format.count(list.totalCount))}
      </p>
      {list.pageInfo.hasNextPage && (
        // What failed is still there to be asked for again.
        <button
          type="button"
          className="no-print"
          disabled={loading}
          onClick={() => void onMore().catch(() => undefined)}
        >
          {words.showMore}
        </button>
      )}
    </div>
  );
}
