import { useQuery } from '@apollo/client/react';
import { type ReactNode, useEffect } from 'react';
import {
  ClientsDocument,
  type ClientsPartsFragment,
  FindClientsDocument,
  type OverviewQuery,
  SegmentDocument,
} from '../gql/graphql';
import { useSpeech, useWords } from '../i18n/language';
import { useReadOn } from '../lib/asking';
import { shift } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { changed, navigate, SEGMENTS, type View } from '../lib/location';
import { growthOf, movementBasis, type Workspace } from '../lib/overview';
import { inputOf } from '../lib/period';
import { problemOf } from '../lib/problem';
import { ClientControls } from './client-controls';
import { lazily } from './lazily';
import { Panel } from './panel';
import { Who } from './who';

// Opened now and then: no part of the first view.
const ClientComparison = lazily(async () => (await import('./client-comparison')).ClientComparison);

/** Who costs most; with a search among all who are registered. */
export function Clients(props: { data: OverviewQuery; view: View; workspace: Workspace }): ReactNode {
  const { data, view, workspace } = props;
  const { usage } = data;
  const { from, to } = growthOf(data).comparedTo;
  const words = useWords();
  const searching = view.search !== '';
  return (
    <Panel title={words.clients} className="clients" aside={<ClientControls view={view} />}>
      {!searching && <Segments usage={usage} view={view} />}
      {searching ? (
        <Found view={view} workspace={workspace} asOf={usage.asOf} />
      ) : view.clients === 'COMPARED' ? (
        <ClientComparison view={view} workspace={workspace} other={{ from, to }} asOf={usage.asOf} />
      ) : view.segment !== undefined ? (
        <Segment usage={usage} view={view} workspace={workspace} segment={view.segment} />
      ) : view.after !== undefined ? (
        <LaterPage view={view} workspace={workspace} asOf={usage.asOf} />
      ) : (
        <ClientTable clients={usage.clients} view={view} />
      )}
    </Panel>
  );
}

/** Who came, stayed, came back and stayed away, each with their number. */
function Segments({ usage, view }: { usage: OverviewQuery['usage']; view: View }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { clientMovement: movement, totals } = usage;
  const counts = {
    NEW: movement.new,
    RETURNING: movement.returning,
    REACTIVATED: movement.reactivated,
    LOST: movement.lost,
  };
  const listed = view.clients === 'RANKED';
  const choice = (name: string, pressed: boolean, change: Partial<View>, count?: number): ReactNode => (
    <button
      key={name}
      type="button"
      aria-pressed={pressed}
      onClick={() => navigate(changed(view, { clients: 'RANKED', segment: undefined, ...change }))}
    >
      {name}
      {count !== undefined && <span className="muted"> {format.count(count)}</span>}
    </button>
  );
  return (
    <fieldset className="segments no-print" aria-label={words.segmentsTitle}>
      {choice(words.allClients, listed && view.segment === undefined, {}, totals.activeClients)}
      {SEGMENTS.map((segment) =>
        choice(words.segments[segment], listed && view.segment === segment, { segment }, counts[segment]),
      )}
      {choice(words.compared, !listed, { clients: 'COMPARED' })}
    </fieldset>
  );
}

function Segment(props: {
  usage: OverviewQuery['usage'];
  view: View;
  workspace: Workspace;
  segment: NonNullable<View['segment']>;
}): ReactNode {
  const { usage, view, workspace, segment } = props;
  const { comparedTo } = usage.clientMovement;
  const words = useWords();
  const format = useFormat();
  const before = format.periodBeside(comparedTo.from, comparedTo.to, usage.period.from);
  const { data, previousData, error, refetch } = useQuery(SegmentDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      segment,
      movement: movementBasis(view.compare),
      after: view.after ?? null,
    },
    fetchPolicy: 'cache-and-network',
  });
  useReadOn(usage.asOf, refetch);
  useOutdated(view, error);
  const shown = (data ?? previousData)?.usage.clientsIn;
  return (
    <>
      <p className="muted small">{words.segmentsExplained[segment](before, usage.period.complete)}</p>
      {shown ? (
        <ClientTable clients={shown} view={view} />
      ) : (
        <p className="muted">{error ? words.problems[problemOf(error).kind] : words.loading}</p>
      )}
    </>
  );
}

/** A cursor of another period, such as last month's in an old link: the list starts anew. */
function useOutdated(view: View, error: unknown): void {
  const outdated = view.after !== undefined && error !== undefined && problemOf(error).kind === 'input';
  useEffect(() => {
    if (outdated) navigate(changed(view, { after: undefined }), { replace: true });
  }, [outdated, view]);
}

/** Pages behind the first are read when they are looked at, and again when the figures changed. */
function LaterPage(props: { view: View; workspace: Workspace; asOf: string }): ReactNode {
  const { view, workspace, asOf } = props;
  const words = useWords();
  const { data, previousData, error, refetch } = useQuery(ClientsDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      orderBy: view.order,
      after: view.after ?? null,
    },
  });
  useReadOn(asOf, refetch);
  useOutdated(view, error);
  const shown = (data ?? previousData)?.usage.clients;
  if (shown) return <ClientTable clients={shown} view={view} />;
  return <p className="muted">{error ? words.problems[problemOf(error).kind] : words.loading}</p>;
}

function ClientTable({ clients, view }: { clients: ClientsPartsFragment; view: View }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { nodes, totalCount, pageInfo } = clients;
  const money = format.moneyLike(nodes.map(({ cost }) => cost));
  if (nodes.length === 0) return <p className="muted">{words.nothingYet}</p>;
  return (
    <>
      <table className="rows">
        <caption className="visually-hidden">{words.clients}</caption>
        <thead>
          <tr>
            <th scope="col" className="number rank">
              <abbr title={words.rank}>#</abbr>
            </th>
            <th scope="col">{words.client}</th>
            <th scope="col" className="number">
              {words.messages}
            </th>
            <th scope="col" className="number">
              {words.cost}
            </th>
            <th scope="col" className="share-column">
              {words.share}
            </th>
            <th scope="col" className="wide-only">
              {words.lastActive}
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ customer, rank, messages, cost, share, lastAt }) => (
            <tr key={customer.id}>
              <td className="number rank muted">{format.count(rank)}</td>
              <th scope="row">
                <Who customer={customer} view={view} />
              </th>
              <td className="number">{format.count(messages)}</td>
              <td className="number">{money(cost)}</td>
              <td className="share-column">
                <span className="share">
                  <span className="bar" aria-hidden="true">
                    <i style={{ inlineSize: `${shift(share, 2)}%` }} />
                  </span>
                  {format.share(share)}
                </span>
              </td>
              <td className="wide-only muted">{format.dateTime(lastAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pages
        summary={plural(words.clientsCount, totalCount)}
        view={view}
        next={pageInfo.hasNextPage ? pageInfo.endCursor : null}
      />
    </>
  );
}

function Pages(props: { summary: string; view: View; next: string | null }): ReactNode {
  const { summary, view, next } = props;
  const words = useWords();
  return (
    <div className="pages">
      <p className="muted small">{summary}</p>
      {view.after !== undefined && (
        <span className="no-print">
          <button type="button" onClick={() => navigate(changed(view, { after: undefined }))}>
            {words.firstPage}
          </button>
        </span>
      )}
      {next !== null && (
        <button type="button" className="no-print" onClick={() => navigate(changed(view, { after: next }))}>
          {words.nextPage}
        </button>
      )}
    </div>
  );
}

function Found(props: { view: View; workspace: Workspace; asOf: string }): ReactNode {
  const { view, workspace, asOf } = props;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { data, previousData, error, refetch } = useQuery(FindClientsDocument, {
    variables: {
      workspaceId: workspace.id,
      period: inputOf(view.period, workspace.timeZone),
      search: view.search,
      after: view.after ?? null,
    },
    fetchPolicy: 'cache-and-network',
  });
  useReadOn(asOf, refetch);
  const found = (data ?? previousData)?.customers;
  const money = format.moneyLike(found?.nodes.map(({ usage }) => usage.cost) ?? []);
  if (!found) return <p className="muted">{error ? words.problems[problemOf(error).kind] : words.loading}</p>;
  if (found.nodes.length === 0) return <p role="status">{words.noneFound}</p>;
  return (
    <>
      <p role="status" className="muted small">
        {words.searchResults(plural(words.clientsCount, found.totalCount))}
      </p>
      <table className="rows">
        <caption className="visually-hidden">{words.clients}</caption>
        <thead>
          <tr>
            <th scope="col">{words.client}</th>
            <th scope="col" className="number">
              {words.messages}
            </th>
            <th scope="col" className="number">
              {words.cost}
            </th>
            <th scope="col" className="wide-only">
              {words.lastActive}
            </th>
          </tr>
        </thead>
        <tbody>
          {found.nodes.map(({ usage, ...customer }) => (
            <tr key={customer.id}>
              <th scope="row">
                <Who customer={customer} view={view} />
              </th>
              <td className="number">{format.count(usage.messages)}</td>
              <td className="number">{money(usage.cost)}</td>
              <td className="wide-only muted">{usage.lastAt ? format.dateTime(usage.lastAt) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pages summary="" view={view} next={found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null} />
    </>
  );
}
