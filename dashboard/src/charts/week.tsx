// The week by the hour: what was charged, or what nobody answered, by which staff is planned.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useMemo } from 'react';
import { type OverviewQuery, UnansweredDocument } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed, HOURS, navigate, type View } from '../lib/location';
import type { Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import { Heatmap } from './heatmap';

type Usage = OverviewQuery['usage'];

export function Week(props: { usage: Usage; view: View; workspace: Workspace }): ReactNode {
  const { usage, view, workspace } = props;
  return view.hours === 'UNANSWERED' ? (
    <Unanswered view={view} workspace={workspace} />
  ) : (
    <Charged cells={usage.heatmap} />
  );
}

function Charged({ cells }: { cells: Usage['heatmap'] }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const told = useMemo(
    () => cells.map((cell) => ({ ...cell, detail: format.money(cell.cost) })),
    [cells, format],
  );
  return <Heatmap cells={told} title={words.heatmapHint} nothing={words.nothingYet} />;
}

function Unanswered({ view, workspace }: { view: View; workspace: Workspace }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { data, previousData, error } = useQuery(UnansweredDocument, {
    variables: { workspaceId: workspace.id, period: inputOf(view.period, workspace.timeZone) },
    fetchPolicy: 'cache-and-network',
  });
  const shown = (data ?? previousData)?.usage.heatmap;
  const cells = useMemo(
    () =>
      shown?.map(({ weekday, hour, occurrences, outcomes }) => {
        const messages = outcomes.find(({ outcome }) => outcome === 'NO_RESPONSE')?.messages ?? 0;
        const average = occurrences === 0 ? 0 : messages / occurrences;
        return { weekday, hour, messages, detail: words.onAverage(format.tenths(average)) };
      }),
    [shown, format, words],
  );
  if (cells) return <Heatmap cells={cells} title={words.unansweredHint} nothing={words.everyAnswered} />;
  return <p className="muted">{error ? words.problems[problemOf(error).kind] : words.loading}</p>;
}

/** What the week shows. */
export function HoursPicker({ view }: { view: View }): ReactNode {
  const words = useWords();
  return (
    <label className="no-print">
      <span className="visually-hidden">{words.shownHours}</span>
      <select
        name="hours"
        value={view.hours}
        onChange={({ target }) => {
          const hours = HOURS.find((known) => known === target.value);
          if (hours) navigate(changed(view, { hours, after: view.after }));
        }}
      >
        {HOURS.map((known) => (
          <option key={known} value={known}>
            {words.hoursOf[known]}
          </option>
        ))}
      </select>
    </label>
  );
}
