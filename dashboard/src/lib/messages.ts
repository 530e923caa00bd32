// What was said, page by page. Needs the scope messages:read.
import { useQuery } from '@apollo/client/react';
import { useCallback, useEffect, useState } from 'react';
import { MessagesDocument, type MessagesQuery, type MessagesQueryVariables } from '../gql/graphql';
import { continued, refreshed } from './pages';
import { type Problem, problemOf } from './problem';

export type Message = MessagesQuery['messages']['nodes'][number];

const PAGE = 25;
/** So many of the longest messages have room in one answer, whatever their script. */
const FEW = 5;

export interface Messages {
  /** Newest first; also those of other choices, until there is an answer. */
  shown: MessagesQuery['messages'] | undefined;
  /** False while `shown` is not what was asked for. */
  current: boolean;
  problem: Problem | undefined;
  retry(): void;
  /** The page of older ones. */
  more(): Promise<unknown>;
  /** What came since, before those that are shown. */
  refresh(): Promise<unknown>;
}

export function useMessages(asked: Omit<MessagesQueryVariables, 'first' | 'after'>): Messages {
  const choices = JSON.stringify(asked);
  const [longOnes, setLongOnes] = useState<string>();
  const first = longOnes === choices ? FEW : PAGE;
  const { data, previousData, error, fetchMore, refetch } = useQuery(MessagesDocument, {
    variables: { ...asked, first, after: null },
    fetchPolicy: 'cache-and-network',
  });
  const problem = error ? problemOf(error) : undefined;
  const tooLong = problem?.kind === 'input' && first > FEW;
  useEffect(() => {
    if (tooLong) setLongOnes(choices);
  }, [tooLong, choices]);
  const shown = (data ?? previousData)?.messages;
  const after = shown?.pageInfo.endCursor ?? null;
  const more = useCallback(async () => {
    const read = (rows: number): Promise<unknown> =>
      fetchMore({
        variables: { first: rows, after },
        updateQuery: ({ messages }, { fetchMoreResult }) => ({
          messages: continued(messages, fetchMoreResult.messages),
        }),
      });
    await read(first).catch((failed: unknown) => {
      if (problemOf(failed).kind !== 'input') throw failed;
      return read(FEW);
    });
  }, [fetchMore, first, after]);
  const answered = data !== undefined;
  const refresh = useCallback(async () => {
    // What is still being read is not older than this.
    if (!answered) return;
    await fetchMore({
      variables: { first, after: null },
      updateQuery: ({ messages }, { fetchMoreResult }) => ({
        messages: refreshed(messages, fetchMoreResult.messages),
      }),
    });
  }, [fetchMore, first, answered]);
  return {
    shown,
    current: answered,
    problem: tooLong ? undefined : problem,
    retry: () => void refetch().catch(() => undefined),
    more,
    refresh,
  };
}
