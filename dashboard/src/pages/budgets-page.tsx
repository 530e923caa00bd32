// The limits: where they stand now; and, with the scope for it, made, changed and removed here.
import { useQuery } from '@apollo/client/react';
import { type ReactNode, useRef, useState } from 'react';
import { BudgetsDocument, MutationsDocument } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { changed } from '../lib/location';
import { problemOf } from '../lib/problem';
import { BackToOverview } from '../parts/back-to-overview';
import { BudgetForm, type Way } from '../parts/budget-form';
import { BudgetRemoval } from '../parts/budget-removal';
import { type Budget, Limits } from '../parts/budgets';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { ProblemNotice } from '../parts/notice';
import { Panel, Skeleton } from '../parts/panel';

/** Limits move with each charge. */
const POLL_MS = 30_000;

/** What is being done: a new limit, or with one that there is. */
type Act = { kind: 'make' } | { kind: 'change' | 'remove'; budget: Budget };

/** Undefined: this token sets no limits, or it is not known yet how. */
function useWay(scopes: readonly string[]): Way | undefined {
  const may = scopes.includes('budgets:write');
  const { data } = useQuery(MutationsDocument, { skip: !may });
  if (!may || !data) return undefined;
  return data.__type?.fields?.some(({ name }) => name === 'setBudget') ? 'mutation' : 'command';
}

export function BudgetsPage({ view, workspace, viewer }: PageProps): ReactNode {
  const words = useWords();
  const { limits } = words;
  const way = useWay(viewer.scopes);
  const { data, previousData, error, refetch } = useQuery(BudgetsDocument, {
    variables: { workspaceId: workspace.id },
    fetchPolicy: 'cache-and-network',
    pollInterval: POLL_MS,
    skipPollAttempt: () => document.hidden,
  });
  const [act, setAct] = useState<Act>();
  const [done, setDone] = useState('');
  const opener = useRef<HTMLElement>(null);
  const told = useRef<HTMLParagraphElement>(null);
  const shown = data ?? previousData;
  const retry = (): void => void refetch().catch(() => undefined);
  const begin = (next: Act, button: HTMLElement): void => {
    opener.current = button;
    setDone('');
    setAct(next);
  };
  const finish = (message: string): void => {
    setAct(undefined);
    setDone(message);
    told.current?.focus();
    retry();
  };
  const cancel = (): void => {
    setAct(undefined);
    opener.current?.focus();
  };
  const actions = (budget: Budget): ReactNode => (
    <p className="form-actions no-print">
      {(['change', 'remove'] as const).map((kind) => (
        <button
          key={kind}
          type="button"
          aria-label={limits.actOn(limits[kind], budget.name)}
          onClick={({ currentTarget }) => begin({ kind, budget }, currentTarget)}
        >
          {limits[kind]}
        </button>
      ))}
    </p>
  );
  return (
    <div className="figures">
      <BackToOverview view={view} />
      <div className="heading">
        <h1>{words.budgets}</h1>
        <p className="muted">{limits.explained}</p>
      </div>
      {error && <ProblemNotice problem={problemOf(error)} kept={shown !== undefined} onRetry={retry} />}
      <p ref={told} role="status" tabIndex={-1} className="done">
        {done}
      </p>
      {way && act && act.kind !== 'remove' && (
        <Panel
          title={act.kind === 'make' ? limits.make : limits.changing(act.budget.name)}
          className="no-print"
        >
          <BudgetForm
            key={act.kind === 'make' ? '' : act.budget.id}
            way={way}
            workspace={workspace}
            budget={act.kind === 'make' ? undefined : act.budget}
            names={shown?.budgets.map(({ name }) => name) ?? []}
            onSaved={(name) => finish(limits.saved(name))}
            onCancel={cancel}
          />
        </Panel>
      )}
      {way && act?.kind === 'remove' && (
        <BudgetRemoval
          way={way}
          workspace={workspace}
          budget={act.budget}
          onRemoved={(name) => finish(limits.removed(name))}
          onClose={cancel}
        />
      )}
      {!shown && !error && <Skeleton className="tall-shape" />}
      {shown && (
        <Panel
          title={words.budgets}
          className="budgets long"
          aside={
            way && (
              <button
                type="button"
                className="no-print"
                onClick={({ currentTarget }) => begin({ kind: 'make' }, currentTarget)}
              >
                {limits.make}
              </button>
            )
          }
        >
          {shown.budgets.length === 0 ? (
            <p className="muted">{limits.none}</p>
          ) : (
            <Limits data={shown} currency={workspace.currency} view={view} {...(way ? { actions } : {})} />
          )}
        </Panel>
      )}
      <p className="targets small no-print">
        <Link view={changed(view, { page: { name: 'events' } })}>{words.events.see}</Link>
      </p>
      {!viewer.scopes.includes('budgets:write') && <p className="muted small">{limits.byOthers}</p>}
      {way === 'command' && <p className="muted small">{limits.byCommand}</p>}
    </div>
  );
}
